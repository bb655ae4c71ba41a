-- The tracks of all plays, for a version that did not keep them. Lengths are compared as well, as blanks at an end do
-- not count otherwise.
insert into tracks
with names as (
    select
        coalesce(song, '') as song,
        coalesce(artist, '') as artist,
        min(songplay_id) as first_play
    from songplays
    group by
        coalesce(song, ''),
        coalesce(artist, ''),
        octet_length(coalesce(song, '')),
        octet_length(coalesce(artist, ''))
)

select
    cast(row_number() over (order by first_play) as integer) as track_no,
    song,
    artist
from names;
