-- The tracks of all plays, for a version that did not keep them.
insert into tracks
with names as (
    select
        coalesce(song, '') as song,
        coalesce(artist, '') as artist,
        min(songplay_id) as first_play
    from songplays
    group by coalesce(song, ''), coalesce(artist, '')
)

select
    cast(row_number() over (order by first_play) as integer) as track_no,
    song,
    artist
from names;
