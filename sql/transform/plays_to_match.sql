-- The plays that contested_plays and relink_songplays look at: those held already that changed songs may concern.
create temporary table plays_to_match as
select
    plays.songplay_id,
    plays.length,
    plays.text_repair,
    song_keys.key_no
from touched_plays as plays
left join song_keys
    on song_keys.title = plays.song
    and song_keys.artist_name = plays.artist;
