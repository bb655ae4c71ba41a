-- Severity: warning
-- Says: each of the last seven days has at least checks.min_volume of the events usual on that weekday
-- Remedy: see that the day's files arrived whole (`sparkify sql "select * from load_files order by file_no desc"`)
-- Events from before 2000 and of the future do not say which days are the last ones, unless there are no others.
-- The usual is the mean of the same weekday in the four weeks before, as far as the data goes; two weeks are needed.
with digits as (
    select 0 as n
    union all
    select 1 as n
    union all
    select 2 as n
    union all
    select 3 as n
    union all
    select 4 as n
    union all
    select 5 as n
    union all
    select 6 as n
),

latest as (
    select
        min(case when start_time >= timestamp '2000-01-01 00:00:00' then start_time end) as first_event,
        max(case when start_time <= cast($now as timestamp) + interval '1 day' then start_time end) as last_event,
        min(start_time) as first_of_all,
        max(start_time) as last_of_all
    from songplays
    union all
    select
        min(case when start_time >= timestamp '2000-01-01 00:00:00' then start_time end) as first_event,
        max(case when start_time <= cast($now as timestamp) + interval '1 day' then start_time end) as last_event,
        min(start_time) as first_of_all,
        max(start_time) as last_of_all
    from page_views
),

reach as (
    select
        cast(coalesce(min(first_event), min(first_of_all)) as date) as first_day,
        cast(coalesce(max(last_event), max(last_of_all)) as date) as last_day
    from latest
),

days as (
    select
        reach.last_day - (weeks.n * 7 + ones.n) as day,
        weeks.n as weeks_back,
        ones.n as days_back
    from digits as weeks
    cross join digits as ones
    cross join reach
    where weeks.n <= 4 and reach.last_day - (weeks.n * 7 + ones.n) >= reach.first_day
),

events as (
    select cast(songplays.start_time as date) as day
    from songplays
    inner join reach
        on songplays.start_time >= reach.last_day - 34
    union all
    select cast(page_views.start_time as date) as day
    from page_views
    inner join reach
        on page_views.start_time >= reach.last_day - 34
),

counted as (
    select day, count(*) as events
    from events
    group by day
),

filled as (
    select days.day, days.weeks_back, days.days_back, coalesce(counted.events, 0) as events
    from days
    left join counted
        on counted.day = days.day
),

usual as (
    select days_back, avg(cast(events as double precision)) as events
    from filled
    where weeks_back > 0
    group by days_back
    having count(*) >= 2
)

-- Halves go up everywhere: what is called round() takes them to the even number on one engine and up on the other.
select filled.day, filled.events, floor(usual.events + 0.5) as usual_events
from filled
inner join usual
    on usual.days_back = filled.days_back
where
    filled.weeks_back = 0
    and filled.events < usual.events * cast($min_volume as double precision)
order by filled.day;
