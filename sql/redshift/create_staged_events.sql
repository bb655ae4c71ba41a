-- The lines as events: text repaired, quotes taken off, times converted to the millisecond, and a hash of everything
-- outside the event's key. $first_id is the lowest surrogate id.
create temporary table staged_events diststyle even as
with events as (
    select
        lines.line_no,
        /* @fields lines
        name: coalesce({column}s.repaired, lines.{column}) as {column}
        quoted: case
            when lines.{column} like '"%"' and octet_length(lines.{column}) > 1
                then substring(lines.{column}, 2, len(lines.{column}) - 2)
            else lines.{column} end as {column}
        hashed_time: cast(lines.{column} as bigint) as {column}
        double: lines.{column} + 0 as {column}
        any: lines.{column} */,
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
    /* @fields lines
    event_time: timestamp 'epoch' + {column} / 1000.0 * interval '1 second' as {column}
    any: {column} */,
    text_repair,
    /* @redshift/payload_hash */ as payload_hash
from events;
