-- Severity: blocking
-- Says: a play whose title and artist are in the catalogue has a song
-- Remedy: rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events
with known as (
    select title, artist_name, min(song_id) as song_id
    from staging_songs
    group by title, artist_name
)

select songplays.songplay_id, songplays.song, songplays.artist, known.song_id as song_of_that_name
from songplays
inner join known
    on known.title = songplays.song
    and known.artist_name = songplays.artist
where
    songplays.songplay_id between $sample_id and $last_id
    and songplays.song_id is null
order by songplays.songplay_id;
