-- Severity: blocking
-- Says: a play's song has the title and the artist that the log names, equal as the match_method says
-- Remedy: rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events
select
    songplays.songplay_id,
    songplays.song,
    songs.title,
    songplays.artist,
    songs.artist_name,
    songplays.match_method
from songplays
inner join staging_songs as songs
    on songs.song_id = songplays.song_id
where
    songplays.songplay_id between $sample_id and $last_id
    and (
        songplays.song is null
        or songplays.artist is null
        or songplays.song <> songs.title
        or songplays.artist <> songs.artist_name
        or coalesce(songplays.match_method, '')
        <> case when songplays.text_repair = songs.text_repair then 'exact' else 'repaired' end
    )
order by songplays.songplay_id;
