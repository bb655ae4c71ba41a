-- Severity: blocking
-- Says: a play's track has the title and the artist that the log names
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after events
select
    songplays.songplay_id,
    case when tracks.track_no is null then 'its track is not in tracks' else 'its track is another one' end as problem,
    songplays.track_no,
    songplays.song,
    tracks.song as song_of_track,
    songplays.artist,
    tracks.artist as artist_of_track
from songplays
left join tracks
    on tracks.track_no = songplays.track_no
where
    songplays.songplay_id between $sample_id and $last_id
    and (
        tracks.track_no is null
        or tracks.song <> coalesce(songplays.song, '')
        or tracks.artist <> coalesce(songplays.artist, '')
    )
order by songplays.songplay_id;
