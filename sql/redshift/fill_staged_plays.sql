-- The staged events that are plays, matched to a song or not.
insert into staged_plays
select
    events.event_id,
    events.ts,
    events.user_id,
    events.level,
    matches.song_id,
    matches.artist_id,
    events.session_id,
    events.location,
    events.user_agent,
    events.item_in_session,
    events.song,
    events.artist,
    events.length,
    matches.match_method,
    events.text_repair,
    events.payload_hash
from staged_events as events
left join staged_matches as matches
    on matches.event_id = events.event_id
where events.page = 'NextSong';
