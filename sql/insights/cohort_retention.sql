-- title: Retention
-- answers: How many listeners of a first week come back in the weeks after?
-- grain: one week of first plays, and a week after it
-- unit: users
-- chart: heatmap week_after cohort active_share
-- note: Weeks are ISO weeks, named by their Monday. A week that the window or the data does not hold to its end is left
-- note: out, not zero. Users count from their first play of all; where the data begins, that is not their real first.
-- shares: digits
-- parameter: since
-- parameter: until
-- parameter: data_until
-- parameter: level
-- column: cohort date : Monday of the week of the first play
-- column: iso_year integer : ISO year of the week
-- column: iso_week integer : ISO week
-- column: users integer : users whose first play is in the week
-- column: week_after integer : weeks after it
-- column: active integer : of the users, those with a play in that week
-- column: active_share share : these by users
-- column: active_or_later_share share : part with a play in that week or, as far as the data goes, later
-- column: caution text : why not to rely on the row
with weeks as (
    select a.n + 10 * b.n + 100 * c.n as week_after
    from digits as a
    cross join digits as b
    cross join digits as c
),

-- Weeks are numbered from the one in which the window begins.
week_zero as (
    select cast(date_trunc('week', cast($since as timestamp)) as date) as monday
),

user_weeks as (
    select distinct
        user_id,
        cast(floor((cast(start_time as date) - week_zero.monday) / 7.0) as integer) as week_no
    from songplays
    cross join week_zero
    where
        start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
),

first_weeks as (
    select
        user_id,
        min(week_no) as cohort_no,
        max(week_no) as last_no
    from user_weeks
    group by user_id
    having min(week_no) >= 0
),

-- The Monday behind the last week that is there to its end.
data_end as (
    select least(
        cast(date_trunc('week', cast($until as timestamp)) as date),
        cast(date_trunc('week', max(start_time) + interval '1 day') as date)
    ) as monday
    from songplays
    where start_time <= cast($data_until as timestamp)
),

cohorts as (
    select
        cohort_no,
        count(*) as users
    from first_weeks
    group by cohort_no
),

grid as (
    select
        week_zero.monday + 7 * cohorts.cohort_no as cohort,
        cohorts.cohort_no,
        cohorts.users,
        weeks.week_after
    from cohorts
    inner join weeks
        on weeks.week_after >= 0
    cross join week_zero
    cross join data_end
    where week_zero.monday + 7 * (cohorts.cohort_no + weeks.week_after) < data_end.monday
),

active_weeks as (
    select
        first_weeks.cohort_no,
        user_weeks.week_no,
        count(*) as users
    from first_weeks
    inner join user_weeks
        on user_weeks.user_id = first_weeks.user_id
    group by first_weeks.cohort_no, user_weeks.week_no
),

last_weeks as (
    select
        cohort_no,
        last_no,
        count(*) as users
    from first_weeks
    group by cohort_no, last_no
),

later as (
    select
        grid.cohort_no,
        grid.week_after,
        sum(last_weeks.users) as users
    from grid
    inner join last_weeks
        on
            last_weeks.cohort_no = grid.cohort_no
            and last_weeks.last_no >= grid.cohort_no + grid.week_after
    group by grid.cohort_no, grid.week_after
)

select
    grid.cohort,
    cast(extract(year from grid.cohort + 3) as integer) as iso_year,
    cast(extract(week from grid.cohort) as integer) as iso_week,
    grid.users,
    grid.week_after,
    coalesce(active_weeks.users, 0) as active,
    cast(coalesce(active_weeks.users, 0) as double precision) / grid.users as active_share,
    cast(coalesce(later.users, 0) as double precision) / grid.users as active_or_later_share,
    case when grid.users < 5 then 'fewer than 5 users' end as caution
from grid
left join active_weeks
    on
        active_weeks.cohort_no = grid.cohort_no
        and active_weeks.week_no = grid.cohort_no + grid.week_after
left join later
    on
        later.cohort_no = grid.cohort_no
        and later.week_after = grid.week_after
order by grid.cohort, grid.week_after;
