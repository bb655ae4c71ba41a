-- The staged record of each song that beats the one held, if any: that of the file whose name comes last, whatever the
-- files' times and the order of loading. A file that is read again replaces what it said. Of one file a song is staged
-- once.
create temporary table changed_songs as
with ranked as (
    select
        *,
        row_number() over (
            partition by song_id
            order by url collate "C" desc, line desc
        ) as place
    from staged_songs
)

select
    ranked.num_songs,
    ranked.artist_id,
    ranked.artist_latitude,
    ranked.artist_longitude,
    ranked.artist_location,
    ranked.artist_name,
    ranked.song_id,
    ranked.title,
    ranked.duration,
    ranked.year,
    ranked.text_repair,
    ranked.modified_at,
    ranked.url,
    ranked.line,
    held.artist_id as artist_id_before
from ranked
left join staging_songs as held
    on held.song_id = ranked.song_id
where
    ranked.place = 1
    and (
        held.song_id is null
        or ranked.url >= held.url collate "C"
    );
