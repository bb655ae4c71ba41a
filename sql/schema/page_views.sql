-- Fact. Grain: one accepted event that is not NextSong.
create table if not exists page_views (
    view_id bigint not null,
    start_time timestamp not null,
    user_id bigint,
    level varchar,
    session_id bigint not null,
    item_in_session integer not null,
    page varchar not null,
    method varchar,
    status smallint,
    auth varchar,
    location varchar,
    user_agent varchar,
    payload_hash bigint not null
);
