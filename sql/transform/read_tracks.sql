-- The tracks there are, to look staged plays up in.
select track_no, song, artist
from tracks;
