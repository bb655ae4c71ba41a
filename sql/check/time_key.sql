-- Severity: blocking
-- Says: time has one row for an instant
-- Remedy: rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events
with span as (
    select min(start_time) as low, max(start_time) as high
    from songplays
    where songplay_id between $sample_id and $last_id
),

-- Rows of time come nearly in order, so that sorting them takes less than counting each instant.
followed as (
    select
        time.start_time,
        lead(time.start_time) over (order by time.start_time) as next_time
    from time
    inner join span
        on time.start_time between span.low and span.high
)

select start_time
from followed
where next_time = start_time
order by start_time;
