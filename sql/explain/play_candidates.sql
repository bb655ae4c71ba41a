-- The songs that have the title and the artist of the play $id, the best one first.
select
    songs.song_id,
    songs.artist_id,
    songs.duration,
    abs(songs.duration - plays.length) as seconds_off,
    case when songs.text_repair = plays.text_repair then 'exact' else 'repaired' end as match_method
from songplays as plays
inner join staging_songs as songs
    on songs.title = plays.song
    and songs.artist_name = plays.artist
where plays.songplay_id = $id
order by
    case when songs.text_repair = plays.text_repair then 0 else 1 end,
    coalesce(abs(songs.duration - plays.length), cast('1e300' as double precision)),
    songs.song_id collate "C";
