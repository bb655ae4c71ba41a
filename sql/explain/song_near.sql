-- Titles that have $title in them, in any case: those played most, then those of the catalogue.
with played as (
    select song as title, count(*) as plays
    from songplays
    where position(lower($title) in lower(song)) > 0
    group by song
),

titles as (
    select title, plays
    from played
    union all
    select title, 0 as plays
    from songs
    where position(lower($title) in lower(title)) > 0
)

select title, max(plays) as plays
from titles
group by title
order by 2 desc, title collate "C"
limit 5;
