-- All plays say what their tracks are. Lengths are compared as well, as blanks at an end do not count otherwise.
update songplays
set track_no = tracks.track_no
from tracks
where
    tracks.song = coalesce(songplays.song, '')
    and tracks.artist = coalesce(songplays.artist, '')
    and octet_length(tracks.song) = octet_length(coalesce(songplays.song, ''))
    and octet_length(tracks.artist) = octet_length(coalesce(songplays.artist, ''));
