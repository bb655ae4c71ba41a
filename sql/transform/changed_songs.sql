-- The staged record of each song that beats the one held, if any. A file that is read again replaces what it said.
create temporary table changed_songs as
with ranked as (
    select
        *,
        row_number() over (
            partition by song_id
            order by modified_at desc, url desc, line desc
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
        or held.url = ranked.url
        or ranked.modified_at > held.modified_at
        or (ranked.modified_at = held.modified_at and ranked.url > held.url)
    );
