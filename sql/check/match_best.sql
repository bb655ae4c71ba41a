-- Severity: blocking
-- Says: of several songs of one title and artist a play has the one equal as it arrived, then nearest in duration
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
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

-- A song with another title or artist than its play's is match_names' to find.
compared as (
    select
        songplays.songplay_id,
        songplays.song_id,
        songplays.length,
        rivals.song_id as best_song_id,
        rivals.duration as best_duration,
        case when matched.text_repair = songplays.text_repair then 0 else 1 end as repair,
        case when rivals.text_repair = songplays.text_repair then 0 else 1 end as best_repair,
        coalesce(abs(matched.duration - songplays.length), cast('1e300' as double precision)) as distance,
        coalesce(abs(rivals.duration - songplays.length), cast('1e300' as double precision)) as best_distance
    from songplays
    inner join rivals as matched
        on matched.song_id = songplays.song_id
    inner join rivals
        on rivals.title = matched.title
        and rivals.artist_name = matched.artist_name
        and rivals.song_id <> matched.song_id
    where songplays.songplay_id between $sample_id and $last_id
),

outdone as (
    select
        songplay_id,
        song_id,
        length,
        best_song_id,
        best_duration,
        row_number() over (
            partition by songplay_id
            order by best_repair, best_distance, best_song_id collate "C"
        ) as place
    from compared
    where
        best_repair < repair
        or (best_repair = repair and best_distance < distance)
        or (best_repair = repair and best_distance = distance and best_song_id < song_id collate "C")
)

select songplay_id, song_id, length, best_song_id, best_duration
from outdone
where place = 1
order by songplay_id;
