delete from staging_songs
using changed_songs
where changed_songs.song_id = staging_songs.song_id;
