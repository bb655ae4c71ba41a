-- Severity: blocking
-- Says: a play has a song of songs with its artist and a match_method, or none of the three
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: always
select
    songplays.songplay_id,
    case
        when songplays.song_id is null then 'an artist or a method, but no song'
        when songs.song_id is null then 'its song is not in songs'
        when songplays.artist_id is null then 'a song, but no artist'
        when songplays.artist_id <> songs.artist_id then 'its artist is not the song''s'
        else 'its match_method is neither exact nor repaired'
    end as problem,
    songplays.song_id,
    songplays.artist_id,
    songplays.match_method
from songplays
left join songs
    on songs.song_id = songplays.song_id
where
    songplays.songplay_id between $relinked_id and $last_id
    and (
        (songplays.song_id is null and (songplays.artist_id is not null or songplays.match_method is not null))
        or (
            songplays.song_id is not null
            and (
                songs.song_id is null
                or songplays.artist_id is null
                or songplays.artist_id <> songs.artist_id
                or songplays.match_method is null
                or songplays.match_method not in ('exact', 'repaired')
            )
        )
    )
order by songplays.songplay_id;
