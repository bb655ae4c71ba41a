-- Severity: blocking
-- Says: a play whose title and artist are in the catalogue has a song
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after events
with unmatched as (
    select track_no
    from songplays
    where
        songplay_id between $sample_id and $last_id
        and song_id is null
    group by track_no
),

known as (
    select unmatched.track_no, min(songs.song_id collate "C") as song_id
    from unmatched
    inner join tracks
        on tracks.track_no = unmatched.track_no
    inner join staging_songs as songs
        on songs.title = tracks.song
        and songs.artist_name = tracks.artist
    group by unmatched.track_no
)

select songplays.songplay_id, songplays.song, songplays.artist, known.song_id as song_of_that_name
from songplays
inner join known
    on known.track_no = songplays.track_no
where
    songplays.songplay_id between $sample_id and $last_id
    and songplays.song_id is null
    -- What the log does not name does not count as a title.
    and songplays.song is not null
    and songplays.artist is not null
    -- PostgreSQL would work them out anew for each play if they were named once.
    and exists (select 1 from known)
order by songplays.songplay_id;
