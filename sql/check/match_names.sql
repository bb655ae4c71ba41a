-- Severity: blocking
-- Says: a play's song has the title and the artist that the log names, equal as the match_method says
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after events
with
-- Whether a track has the names that its play's log line has, play_track looks.
matches as (
    select track_no, song_id, match_method, text_repair
    from songplays
    where
        songplay_id between $sample_id and $last_id
        and song_id is not null
    group by track_no, song_id, match_method, text_repair
),

mismatches as (
    select
        matches.track_no,
        matches.song_id,
        matches.match_method,
        matches.text_repair,
        songs.title,
        songs.artist_name
    from matches
    inner join tracks
        on tracks.track_no = matches.track_no
    inner join staging_songs as songs
        on songs.song_id = matches.song_id
    where
        tracks.song <> songs.title
        or tracks.artist <> songs.artist_name
        or coalesce(matches.match_method, '')
        <> case when matches.text_repair = songs.text_repair then 'exact' else 'repaired' end
)

select
    songplays.songplay_id,
    songplays.song,
    mismatches.title,
    songplays.artist,
    mismatches.artist_name,
    songplays.match_method
from songplays
inner join mismatches
    on mismatches.track_no = songplays.track_no
    and mismatches.song_id = songplays.song_id
    and mismatches.text_repair = songplays.text_repair
    and coalesce(mismatches.match_method, '') = coalesce(songplays.match_method, '')
where
    songplays.songplay_id between $sample_id and $last_id
    -- PostgreSQL would work them out anew for each play if they were named once.
    and exists (select 1 from mismatches)
order by songplays.songplay_id;
