-- What an answer over a window and a level stands on: one row.
select
    count(*) as plays,
    count(song_id) as matched,
    count(distinct user_id) as listeners
from songplays
where
    start_time >= cast($since as timestamp)
    and start_time < cast($until as timestamp)
    and (cast($level as varchar) is null or level = cast($level as varchar));
