-- Severity: blocking
-- Says: a play whose title and artist are in the catalogue has a song
-- Remedy: rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events
with known as (
    select tracks.track_no, min(songs.song_id) as song_id
    from tracks
    inner join staging_songs as songs
        on songs.title = tracks.song
        and songs.artist_name = tracks.artist
    group by tracks.track_no
)

select songplays.songplay_id, songplays.song, songplays.artist, known.song_id as song_of_that_name
from songplays
inner join known
    on known.track_no = songplays.track_no
where
    songplays.songplay_id between $sample_id and $last_id
    and songplays.song_id is null
    -- What the log does not name is no title.
    and songplays.song is not null
    and songplays.artist is not null
order by songplays.songplay_id;
