-- Severity: blocking
-- Says: time has one row for an instant
-- Remedy: rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events
with span as (
    select min(start_time) as low, max(start_time) as high
    from songplays
    where songplay_id between $sample_id and $last_id
)

select time.start_time, count(*) as times
from time
inner join span
    on time.start_time between span.low and span.high
group by time.start_time
having count(*) > 1
order by time.start_time;
