-- The lines as events: text repaired, quotes taken off, times converted to the millisecond, and a hash of everything
-- outside the event's key. $first_id is the lowest surrogate id.
create temporary table staged_events diststyle even as
with events as (
    select
        lines.line_no,
        coalesce(artists.repaired, lines.artist) as artist,
        lines.auth,
        lines.first_name,
        lines.gender,
        lines.item_in_session,
        lines.last_name,
        lines.length + 0 as length,
        lines.level,
        lines.location,
        lines.method,
        lines.page,
        cast(lines.registration as bigint) as registration,
        lines.session_id,
        coalesce(songs.repaired, lines.song) as song,
        lines.status,
        lines.ts,
        case
            when lines.user_agent like '"%"' and octet_length(lines.user_agent) > 1
                then substring(lines.user_agent, 2, len(lines.user_agent) - 2)
            else lines.user_agent
        end as user_agent,
        lines.user_id,
        cast(4 * coalesce(songs.rounds, 0) + coalesce(artists.rounds, 0) as smallint) as text_repair
    from staged_lines as lines
    left join staged_repairs as artists
        on artists.name = lines.artist
        and artists.name_bytes = octet_length(lines.artist)
    left join staged_repairs as songs
        on songs.name = lines.song
        and songs.name_bytes = octet_length(lines.song)
)

select
    $first_id + line_no as event_id,
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
    timestamp 'epoch' + ts / 1000.0 * interval '1 second' as ts,
    user_agent,
    user_id,
    text_repair,
    /* @redshift/payload_hash */ as payload_hash
from events;
