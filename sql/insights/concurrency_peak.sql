-- title: Concurrency
-- answers: How many plays run at once at most: how much must the service carry?
-- grain: one day
-- unit: plays at once
-- sessions: matter
-- chart: peaks day peak
-- note: A play runs from its start until the session's next event, at most for its length.
-- note: In a minute are all plays that run at any time of it: those open when it begins and those that begin in it.
-- shares: digits days heard
-- parameter: since
-- parameter: until
-- parameter: level
-- column: day date : the day, in UTC
-- column: peak integer : most plays in one minute of the day
-- column: peak_at time : the first such minute; empty on a day without plays
with
-- In seconds since the window began.
stretches as (
    select
        date_part('epoch', start_time - cast($since as timestamp)) as began,
        least(
            date_part('epoch', cast($until as timestamp) - cast($since as timestamp)),
            date_part('epoch', start_time - cast($since as timestamp)) + seconds
        ) as ended
    from heard
    where (cast($level as varchar) is null or level = cast($level as varchar))
),

-- A play that ends when a minute begins is not in that minute, so its end counts from the minute's beginning. One that
-- is not heard at all ends where it begins.
edges as (
    select
        cast(floor(date_part('epoch', start_time - cast($since as timestamp)) / 60) as integer) as minute,
        1 as change
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
    union all
    select
        cast(case when ended > began then ceil(ended / 60) else floor(began / 60) end as integer) as minute,
        -1 as change
    from stretches
    union all
    select
        1440 * (day - cast(cast($since as timestamp) as date)) as minute,
        0 as change
    from days
),

minutes as (
    select
        minute,
        cast(sum(change) as bigint) as change
    from edges
    group by minute
),

concurrent as (
    select
        minute,
        cast(sum(change) over (order by minute rows between unbounded preceding and current row) as bigint) as plays
    from minutes
),

-- The most plays of a day and their first minute in one number: of equal ones the earlier minute is the larger.
peaks as (
    select
        (minute - mod(minute, 1440)) / 1440 as day_no,
        max(plays * 1440 + 1439 - mod(minute, 1440)) as peak
    from concurrent
    group by (minute - mod(minute, 1440)) / 1440
)

select
    days.day,
    cast((peaks.peak - mod(peaks.peak, 1440)) / 1440 as bigint) as peak,
    case
        when peaks.peak >= 1440
            then cast(days.day as timestamp) + cast(1439 - mod(peaks.peak, 1440) as integer) * interval '1 minute'
    end as peak_at
from days
inner join peaks
    on peaks.day_no = days.day - cast(cast($since as timestamp) as date)
order by days.day;
