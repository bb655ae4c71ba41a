-- How many values are missing where analysts may expect them? A play of a song that the catalogue lacks has no song_id.
select
    count(*) as plays,
    sum(case when songplays.song_id is null then 1 else 0 end) as without_song_id,
    sum(case when songplays.song is null then 1 else 0 end) as without_title,
    sum(case when songplays.level is null then 1 else 0 end) as without_level,
    sum(case when songplays.location is null then 1 else 0 end) as without_location,
    sum(case when users.user_id is null then 1 else 0 end) as without_user,
    sum(case when time.start_time is null then 1 else 0 end) as without_time
from songplays
left join users
    on users.user_id = songplays.user_id
left join time
    on time.start_time = songplays.start_time;
