-- The days that have events, in UTC, and the first and last of each. Grain: one day.
with parts as (
    select
        cast(start_time as date) as day,
        count(*) as events,
        min(start_time) as first_time,
        max(start_time) as last_time
    from songplays
    group by 1
    union all
    select
        cast(start_time as date) as day,
        count(*) as events,
        min(start_time) as first_time,
        max(start_time) as last_time
    from page_views
    group by 1
)

select
    day,
    cast(sum(events) as bigint) as events,
    min(first_time) as first_time,
    max(last_time) as last_time
from parts
group by day
order by day;
