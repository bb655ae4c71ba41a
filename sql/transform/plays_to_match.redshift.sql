-- The plays that contested_plays and relink_songplays look at: those held already that changed songs may concern.
-- Lengths are compared as well, as blanks at an end do not count otherwise.
create temporary table plays_to_match as
select
    plays.songplay_id,
    plays.length,
    plays.text_repair,
    song_keys.key_no
from touched_plays as plays
left join song_keys
    on song_keys.title = plays.song
    and song_keys.artist_name = plays.artist
    and song_keys.title_bytes = octet_length(plays.song)
    and song_keys.artist_bytes = octet_length(plays.artist);
