-- For a play $id without a song: what the catalogue has of its title or of its artist, in any case.
select
    case when lower(songs.title) = lower(plays.song) then 'title' else 'artist' end as same,
    songs.song_id,
    songs.title,
    songs.artist_name,
    songs.duration
from songplays as plays
inner join staging_songs as songs
    on lower(songs.title) = lower(plays.song)
    or lower(songs.artist_name) = lower(plays.artist)
where plays.songplay_id = $id
order by 1 desc, songs.title collate "C", songs.artist_name collate "C", songs.song_id collate "C"
limit 10;
