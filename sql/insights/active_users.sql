-- title: Active users
-- answers: How many people listen a day, a week, a month?
-- grain: one day
-- unit: users
-- chart: line day dau wau mau
-- note: A user is active on a day with at least one play. Plays before the window count for its first weeks.
-- note: The week's and the month's numbers are empty until there are 7 and 28 days of data.
-- shares: digits days
-- parameter: since
-- parameter: until
-- parameter: data_since
-- parameter: level
-- column: day date : the day, in UTC
-- column: dau integer : users active on the day
-- column: wau integer : users active in the 7 days that end with it
-- column: mau integer : users active in the 28 days that end with it
-- column: stickiness share : dau by mau
with user_days as (
    select distinct
        user_id,
        cast(start_time as date) as day
    from songplays
    where
        start_time >= cast($since as timestamp) - interval '27 days'
        and start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
),

first_day as (
    select cast(min(start_time) as date) as day
    from songplays
    where start_time >= cast($data_since as timestamp)
),

spans as (
    select
        day,
        lead(day) over (partition by user_id order by day) as next_day
    from user_days
),

-- A user is in the count of a span from an active day on, until the span or the next active day ends it.
changes as (
    select day, 1 as dau, 1 as wau, 1 as mau from spans
    union all
    select day + 1, -1, 0, 0 from spans
    union all
    select case when next_day < day + 7 then next_day else day + 7 end, 0, -1, 0 from spans
    union all
    select case when next_day < day + 28 then next_day else day + 28 end, 0, 0, -1 from spans
    union all
    select day, 0, 0, 0 from days
),

day_changes as (
    select
        day,
        sum(dau) as dau,
        sum(wau) as wau,
        sum(mau) as mau
    from changes
    group by day
),

counts as (
    select
        day,
        sum(dau) over (order by day rows between unbounded preceding and current row) as dau,
        sum(wau) over (order by day rows between unbounded preceding and current row) as wau,
        sum(mau) over (order by day rows between unbounded preceding and current row) as mau
    from day_changes
)

select
    counts.day,
    cast(counts.dau as bigint) as dau,
    case when counts.day - first_day.day >= 6 then cast(counts.wau as bigint) end as wau,
    case when counts.day - first_day.day >= 27 then cast(counts.mau as bigint) end as mau,
    case
        when counts.day - first_day.day >= 27 and counts.mau > 0
            then cast(counts.dau as double precision) / cast(counts.mau as double precision)
    end as stickiness
from counts
inner join days
    on days.day = counts.day
cross join first_day
order by counts.day;
