-- Decoded lines of the batch, as far as the warehouse may know their events already, or all of them with
-- --keep-staging. registration is in milliseconds since 1970.
create temporary table staged_events (
    row_no bigint not null,
    payload_hash bigint not null,
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
    registration bigint,
    session_id bigint,
    song varchar(1024),
    status smallint,
    ts timestamp,
    user_agent varchar(1024),
    user_id bigint
) diststyle even;
