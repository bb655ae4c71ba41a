-- All plays say what their tracks are.
update songplays
set track_no = tracks.track_no
from tracks
where
    tracks.song = coalesce(songplays.song, '')
    and tracks.artist = coalesce(songplays.artist, '');
