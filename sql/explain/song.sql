-- The songs of the catalogue whose title is $title, in any case, each with its plays.
with linked as (
    select song_id, count(*) as plays, count(distinct user_id) as listeners
    from songplays
    where lower(song) = lower($title)
    group by song_id
)

select
    songs.song_id,
    songs.title,
    songs.artist_name as artist,
    songs.year,
    songs.duration,
    coalesce(linked.plays, 0) as plays,
    coalesce(linked.listeners, 0) as listeners
from songs
left join linked
    on linked.song_id = songs.song_id
where lower(songs.title) = lower($title)
order by 6 desc, songs.song_id collate "C";
