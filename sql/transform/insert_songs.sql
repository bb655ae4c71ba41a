insert into songs
select song_id, title, artist_id, year, duration, artist_name
from changed_songs;
