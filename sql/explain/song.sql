-- The songs of the catalogue whose title is $title, in any case, each with its plays. $title is in small letters, which
-- $letters are of $capitals. Blanks at an end do not count in Redshift's comparisons, so lengths tell.
with titled as (
    select track_no
    from tracks
    where
        length(song) = length($title)
        and translate(song, $capitals, $letters) = $title
),

linked as (
    select song_id, count(*) as plays, count(distinct user_id) as listeners
    from songplays
    where
        song is not null
        and track_no in (select track_no from titled)
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
where
    length(songs.title) = length($title)
    and translate(songs.title, $capitals, $letters) = $title
order by 6 desc, songs.song_id collate "C";
