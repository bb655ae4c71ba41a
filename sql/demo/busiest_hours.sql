select
    time.hour,
    count(*) as plays
from songplays
inner join time
    on time.start_time = songplays.start_time
group by time.hour
order by plays desc, time.hour
limit 5;
