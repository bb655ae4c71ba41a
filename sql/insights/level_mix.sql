-- title: Free and paid
-- answers: How much of the listening is paid for, day by day?
-- grain: one day
-- unit: plays
-- chart: area day plays_free plays_paid
-- note: Users and plays count at the level on the event; a user who changes on a day counts in both.
-- shares: digits days
-- parameter: since
-- parameter: until
-- column: day date : the day, in UTC
-- column: users_free integer : users with a play at free
-- column: users_paid integer : users with a play at paid
-- column: plays_free integer : plays at free
-- column: plays_paid integer : plays at paid
-- column: paid_share share : plays_paid by both; empty on a day without plays
-- column: free_at_end integer : users known by the day's end whose latest level then is free
-- column: paid_at_end integer : those whose latest level is paid
with user_days as (
    select
        cast(start_time as date) as day,
        user_id,
        level,
        count(*) as plays
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
    group by cast(start_time as date), user_id, level
),

day_counts as (
    select
        day,
        sum(case when level = 'free' then 1 else 0 end) as users_free,
        sum(case when level = 'paid' then 1 else 0 end) as users_paid,
        sum(case when level = 'free' then plays else 0 end) as plays_free,
        sum(case when level = 'paid' then plays else 0 end) as plays_paid
    from user_days
    group by day
),

-- A stay counts at the end of the days from its first until before its last.
changes as (
    select
        cast(valid_from as date) as day,
        sum(case when level = 'free' then 1 else 0 end) as free_change,
        sum(case when level = 'paid' then 1 else 0 end) as paid_change
    from user_levels
    group by cast(valid_from as date)
    union all
    select
        cast(valid_to as date) as day,
        -sum(case when level = 'free' then 1 else 0 end) as free_change,
        -sum(case when level = 'paid' then 1 else 0 end) as paid_change
    from user_levels
    where valid_to is not null
    group by cast(valid_to as date)
    union all
    select day, 0 as free_change, 0 as paid_change
    from days
),

day_changes as (
    select
        day,
        sum(free_change) as free_change,
        sum(paid_change) as paid_change
    from changes
    group by day
),

day_ends as (
    select
        day,
        sum(free_change) over (order by day rows between unbounded preceding and current row) as free_at_end,
        sum(paid_change) over (order by day rows between unbounded preceding and current row) as paid_at_end
    from day_changes
)

select
    days.day,
    cast(coalesce(day_counts.users_free, 0) as bigint) as users_free,
    cast(coalesce(day_counts.users_paid, 0) as bigint) as users_paid,
    cast(coalesce(day_counts.plays_free, 0) as bigint) as plays_free,
    cast(coalesce(day_counts.plays_paid, 0) as bigint) as plays_paid,
    case
        when day_counts.plays_free + day_counts.plays_paid > 0
            then cast(day_counts.plays_paid as double precision)
            / cast(day_counts.plays_free + day_counts.plays_paid as double precision)
    end as paid_share,
    cast(day_ends.free_at_end as bigint) as free_at_end,
    cast(day_ends.paid_at_end as bigint) as paid_at_end
from days
inner join day_ends
    on day_ends.day = days.day
left join day_counts
    on day_counts.day = days.day
order by days.day;
