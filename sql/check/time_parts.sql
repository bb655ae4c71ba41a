-- Severity: blocking
-- Says: time has the hour, day, ISO week, month, year and ISO weekday of every instant
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after events
with
-- Of a part of the plays, from the first to the last of them; else all.
span as (
    select min(start_time) as low, max(start_time) as high
    from (
        select start_time from songplays where songplay_id between $sample_id and $last_id
        union all
        select start_time from time where cast($sample_id as bigint) = 0
    ) as judged
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
    time.hour <> date_part('hour', time.start_time)
    or time.day <> date_part('day', time.start_time)
    or time.week <> date_part('week', time.start_time)
    or time.month <> date_part('month', time.start_time)
    or time.year <> date_part('year', time.start_time)
    or time.weekday % 7 <> date_part('dow', time.start_time)
    or time.weekday not between 1 and 7
order by time.start_time;
