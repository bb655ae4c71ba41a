-- Fact. Grain: one accepted NextSong event.
-- songplay_id is a surrogate: unique and never reused; nothing else about it is promised.
-- next_event_time and next_play_time are the times of the session's next event and next play; null where there is none.
-- track_no is the play's track, next_track_no that of the next play.
create table if not exists songplays (
    songplay_id bigint not null,
    start_time timestamp not null,
    user_id bigint not null,
    level varchar(1024),
    song_id varchar(1024),
    artist_id varchar(1024),
    session_id bigint not null,
    location varchar(1024),
    user_agent varchar(1024),
    item_in_session integer not null,
    song varchar(1024),
    artist varchar(1024),
    length double precision,
    match_method varchar(16),
    text_repair smallint not null,
    payload_hash bigint not null,
    next_event_time timestamp,
    next_play_time timestamp,
    track_no integer,
    next_track_no integer
);
