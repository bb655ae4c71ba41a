-- Every accepted play becomes one row, matched to a song or not; staging has looked the song up.
insert into songplays
select
    songplay_id,
    start_time,
    user_id,
    level,
    song_id,
    artist_id,
    session_id,
    location,
    user_agent,
    item_in_session,
    song,
    artist,
    length,
    match_method,
    text_repair,
    payload_hash,
    next_event_time,
    next_play_time,
    track_no,
    next_track_no
from staged_plays;
