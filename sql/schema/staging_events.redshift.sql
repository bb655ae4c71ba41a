-- With --keep-staging only. Grain: one decoded log line of the last load.
create table staging_events (
    artist varchar(1024),
    auth varchar(1024),
    first_name varchar(1024),
    gender varchar(1024),
    item_in_session integer,
    last_name varchar(1024),
    length double precision,
    level varchar(1024),
    location varchar(1024),
    method varchar(1024),
    page varchar(1024),
    registration timestamp,
    session_id bigint,
    song varchar(1024),
    status smallint,
    ts timestamp,
    user_agent varchar(1024),
    user_id bigint
);
