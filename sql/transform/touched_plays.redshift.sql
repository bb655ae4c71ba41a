-- Plays held already that a changed song may concern: linked to it, or of its title and artist. A play that both
-- finds is there once.
create temporary table touched_plays as
select songplays.songplay_id, songplays.song, songplays.artist, songplays.length, songplays.text_repair
from songplays
inner join changed_songs
    on changed_songs.song_id = songplays.song_id
union
select songplays.songplay_id, songplays.song, songplays.artist, songplays.length, songplays.text_repair
from songplays
inner join changed_songs
    on changed_songs.title = songplays.song
    and changed_songs.artist_name = songplays.artist;
