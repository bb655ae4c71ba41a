-- The staged events that are no plays.
insert into staged_views
select
    event_id,
    ts,
    user_id,
    level,
    session_id,
    item_in_session,
    page,
    method,
    status,
    auth,
    location,
    user_agent,
    payload_hash
from staged_events
where page <> 'NextSong';
