-- Plays held already that a changed song may concern: linked to it, or of its title and artist.
create temporary table touched_plays as
select songplay_id, song, artist, length, text_repair
from songplays
where
    exists (select 1 from changed_songs where changed_songs.song_id = songplays.song_id)
    or exists (
        select 1
        from changed_songs
        where changed_songs.title = songplays.song and changed_songs.artist_name = songplays.artist
    );
