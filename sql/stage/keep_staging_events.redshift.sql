-- With --keep-staging: every decoded line of the run, duplicates included.
insert into staging_events
select
    artist,
    auth,
    first_name,
    gender,
    item_in_session,
    last_name,
    length,
    level,
    location,
    method,
    page,
    timestamp 'epoch' + registration / 1000.0 * interval '1 second' as registration,
    session_id,
    song,
    status,
    ts,
    user_agent,
    user_id
from staged_events;
