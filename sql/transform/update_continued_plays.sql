-- The plays say what follows them now.
update songplays
set
    next_event_time = continued_plays.next_event_time,
    next_play_time = continued_plays.next_play_time,
    next_track_no = continued_plays.next_track_no
from continued_plays
where continued_plays.songplay_id = songplays.songplay_id;
