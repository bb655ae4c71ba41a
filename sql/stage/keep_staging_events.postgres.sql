-- With --keep-staging: every decoded line of the run, duplicates included, from the batch at once.
copy staging_events (
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
    registration,
    session_id,
    song,
    status,
    ts,
    user_agent,
    user_id
)
from stdin with binary;
