-- Which months does the data cover, and on how many days of each was something played?
select
    time.year,
    time.month,
    count(distinct time.day) as days,
    count(*) as plays,
    min(songplays.start_time) as first_play,
    max(songplays.start_time) as last_play
from songplays
inner join time
    on time.start_time = songplays.start_time
group by time.year, time.month
order by time.year, time.month;
