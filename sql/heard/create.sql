-- Keeps what sql/heard/insert.sql works out, for as long as the connection lives. Grain: one play of the window.
create temporary table if not exists heard (
    user_id bigint not null,
    level varchar,
    start_time timestamp not null,
    seconds double precision,
    is_last integer not null
);
