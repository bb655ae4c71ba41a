-- The catalogue, to look staged plays up in.
select title, artist_name, song_id, artist_id, duration, text_repair
from staging_songs;
