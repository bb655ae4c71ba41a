delete from songs
using changed_songs
where changed_songs.song_id = songs.song_id;
