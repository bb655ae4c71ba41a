-- Fact. Grain: one accepted event that is not NextSong.
create table if not exists page_views (
    view_id bigint not null,
    start_time timestamp not null,
    user_id bigint,
    level varchar(1024),
    session_id bigint not null,
    item_in_session integer not null,
    page varchar(1024) not null,
    method varchar(1024),
    status smallint,
    auth varchar(1024),
    location varchar(1024),
    user_agent varchar(1024),
    payload_hash bigint not null
);
