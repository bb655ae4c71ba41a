-- Plays of the window by song, as the log names it and as the catalogue does: its artist there is the song's. Insights
-- work this out in these words. Grain: one track and song of the catalogue.
with
songs_played as (
    select
        track_no,
        song_id,
        count(*) as plays
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
    group by track_no, song_id
)

select
    track_no,
    song_id,
    plays
from songs_played;
