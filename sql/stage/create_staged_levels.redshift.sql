-- The instants at which a user's level is first seen or changes, by the batch's events alone.
create temporary table if not exists staged_levels (
    user_id bigint not null,
    start_time timestamp not null,
    level varchar(1024) not null
);
