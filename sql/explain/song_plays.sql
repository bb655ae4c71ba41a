-- The plays whose title is $title, in any case, by what the log says and the song that was found. $title is in small
-- letters, which $letters are of $capitals. Blanks at an end do not count in Redshift's comparisons, so lengths tell.
with titled as (
    select track_no
    from tracks
    where
        length(song) = length($title)
        and translate(song, $capitals, $letters) = $title
)

select
    song as title,
    artist,
    song_id,
    match_method,
    count(*) as plays,
    count(distinct user_id) as listeners,
    min(length) as shortest,
    max(length) as longest,
    min(start_time) as first_play,
    max(start_time) as last_play
from songplays
where
    song is not null
    and track_no in (select track_no from titled)
group by song, artist, song_id, match_method
order by 5 desc, song collate "C", artist collate "C", song_id collate "C", match_method collate "C"
limit 100;
