-- Titles that have $title in them, in any case: those played most, then those of the catalogue. $title is in small
-- letters, which $letters are of $capitals.
with played as (
    select tracks.song as title, count(*) as plays
    from tracks
    inner join songplays
        on songplays.track_no = tracks.track_no
    where
        position($title in translate(tracks.song, $capitals, $letters)) > 0
        and songplays.song is not null
    group by tracks.song
),

titles as (
    select title, plays
    from played
    union all
    select title, 0 as plays
    from songs
    where position($title in translate(title, $capitals, $letters)) > 0
)

select title, max(plays) as plays
from titles
group by title
order by 2 desc, title collate "C"
limit 5;
