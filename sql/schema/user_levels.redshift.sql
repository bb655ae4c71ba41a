-- History. Grain: one unbroken stay of a user at a level, half-open [valid_from, valid_to).
create table if not exists user_levels (
    user_id bigint not null,
    level varchar(1024) not null,
    valid_from timestamp not null,
    valid_to timestamp,
    is_current boolean not null
);
