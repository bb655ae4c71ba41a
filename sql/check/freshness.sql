-- Severity: warning
-- Says: the latest event is at most checks.max_age_days old
-- Remedy: see that new log files arrive, and that `sparkify load` runs and succeeds (`sparkify runs`)
-- Off when 0: max_age_days
with latest as (
    select max(start_time) as start_time
    from songplays
    union all
    select max(start_time) as start_time
    from page_views
),

reach as (
    select max(start_time) as data_through
    from latest
)

select data_through
from reach
where data_through is null or data_through < cast($oldest as timestamp);
