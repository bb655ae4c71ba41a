-- A file that goes on to tell of a song again has said nothing of it before.
delete from other_tellings
using staged_songs
where
    staged_songs.song_id = other_tellings.song_id
    and staged_songs.url = other_tellings.url;
