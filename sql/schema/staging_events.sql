-- With --keep-staging only. Grain: one decoded log line of the last load.
create table staging_events (
    artist varchar,
    auth varchar,
    first_name varchar,
    gender varchar,
    item_in_session integer,
    last_name varchar,
    length double precision,
    level varchar,
    location varchar,
    method varchar,
    page varchar,
    registration timestamp,
    session_id bigint,
    song varchar,
    status smallint,
    ts timestamp,
    user_agent varchar,
    user_id bigint
);
