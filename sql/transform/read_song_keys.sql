select key_no, title, artist_name
from song_keys;
