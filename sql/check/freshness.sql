-- Severity: warning
-- Says: the latest event is at most checks.max_age_days old
-- Remedy: see that new log files arrive, and that `sparkify load` runs and succeeds (`sparkify runs`)
-- Off when 0: max_age_days
-- An event of the future says nothing of when the last one came, unless all are of the future.
with latest as (
    select
        max(case when start_time <= cast($now as timestamp) + interval '1 day' then start_time end) as start_time,
        max(start_time) as of_all
    from songplays
    union all
    select
        max(case when start_time <= cast($now as timestamp) + interval '1 day' then start_time end) as start_time,
        max(start_time) as of_all
    from page_views
),

reach as (
    select coalesce(max(start_time), max(of_all)) as data_through
    from latest
)

select data_through
from reach
where data_through is null or data_through < cast($oldest as timestamp);
