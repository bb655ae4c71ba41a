-- title: New and returning listeners
-- answers: How much of a day's listening is by people on their first day?
-- grain: one day
-- unit: plays
-- chart: area day plays_new plays_returning
-- note: Where the data begins everybody seems new; the days of the warm-up say so.
-- shares: digits days
-- parameter: since
-- parameter: until
-- parameter: data_since
-- parameter: level
-- parameter: warm_up integer 14 1..1000 : days from the first play in the warehouse on that count as warm-up
-- column: day date : the day, in UTC
-- column: users_new integer : users whose first play of all is on the day
-- column: users_returning integer : users active on the day who had played before it
-- column: plays_new integer : plays of the new ones
-- column: plays_returning integer : plays of the returning ones
-- column: new_share share : plays_new by the day's plays; empty on a day without plays
-- column: caution text : warm-up, when the data has hardly begun
with first_days as (
    select
        user_id,
        cast(min(start_time) as date) as day
    from songplays
    group by user_id
),

first_day as (
    select min(day) as day
    from first_days
    where day >= cast(cast($data_since as timestamp) as date)
),

user_days as (
    select
        user_id,
        cast(start_time as date) as day,
        count(*) as plays
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
    group by user_id, cast(start_time as date)
),

day_counts as (
    select
        user_days.day,
        sum(case when first_days.day = user_days.day then 1 else 0 end) as users_new,
        sum(case when first_days.day = user_days.day then 0 else 1 end) as users_returning,
        sum(case when first_days.day = user_days.day then user_days.plays else 0 end) as plays_new,
        sum(case when first_days.day = user_days.day then 0 else user_days.plays end) as plays_returning
    from user_days
    inner join first_days
        on first_days.user_id = user_days.user_id
    group by user_days.day
)

select
    days.day,
    cast(coalesce(day_counts.users_new, 0) as bigint) as users_new,
    cast(coalesce(day_counts.users_returning, 0) as bigint) as users_returning,
    cast(coalesce(day_counts.plays_new, 0) as bigint) as plays_new,
    cast(coalesce(day_counts.plays_returning, 0) as bigint) as plays_returning,
    cast(day_counts.plays_new as double precision)
    / cast(day_counts.plays_new + day_counts.plays_returning as double precision) as new_share,
    case when days.day - first_day.day < cast($warm_up as integer) then 'warm-up' end as caution
from days
left join day_counts
    on day_counts.day = days.day
cross join first_day
order by days.day;
