-- When do people listen? Weekdays are ISO (Monday is 1), hours are UTC.
select
    time.weekday,
    time.hour,
    count(*) as plays
from songplays
inner join time
    on time.start_time = songplays.start_time
group by time.weekday, time.hour
order by time.weekday, time.hour;
