-- Severity: blocking
-- Says: of several songs of one title and artist a play has the one equal as it arrived, then nearest in duration
-- Remedy: rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events, if small
with contested as (
    select title, artist_name
    from staging_songs
    group by title, artist_name
    having count(*) > 1
),

rivals as (
    select songs.song_id, songs.title, songs.artist_name, songs.duration, songs.text_repair
    from staging_songs as songs
    inner join contested
        on contested.title = songs.title
        and contested.artist_name = songs.artist_name
),

ranked as (
    select
        songplays.songplay_id,
        songplays.song_id,
        songplays.length,
        rivals.song_id as best_song_id,
        rivals.duration as best_duration,
        row_number() over (
            partition by songplays.songplay_id
            order by
                case when rivals.text_repair = songplays.text_repair then 0 else 1 end,
                coalesce(abs(rivals.duration - songplays.length), cast('1e300' as double precision)),
                rivals.song_id
        ) as place
    from songplays
    inner join rivals
        on rivals.title = songplays.song
        and rivals.artist_name = songplays.artist
    where songplays.songplay_id between $sample_id and $last_id
)

select songplay_id, song_id, length, best_song_id, best_duration
from ranked
where place = 1 and song_id <> best_song_id
order by songplay_id;
