-- Severity: blocking
-- Says: time has the hour, day, ISO week, month, year and ISO weekday of every instant
-- Remedy: rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events
with span as (
    select min(start_time) as low, max(start_time) as high
    from songplays
    where songplay_id between $sample_id and $last_id
)

select
    time.start_time,
    time.hour,
    time.day,
    time.week,
    time.month,
    time.year,
    time.weekday
from time
inner join span
    on time.start_time between span.low and span.high
where
    time.hour <> extract(hour from time.start_time)
    or time.day <> extract(day from time.start_time)
    or time.week <> extract(week from time.start_time)
    or time.month <> extract(month from time.start_time)
    or time.year <> extract(year from time.start_time)
    or time.weekday % 7 <> extract(dow from time.start_time)
    or time.weekday not between 1 and 7
order by time.start_time;
