-- title: Hours of the day
-- answers: When in the day do people listen, and how many at once?
-- grain: one hour of the day, in UTC
-- unit: plays
-- sessions: matter
-- chart: columns hour plays_per_day
-- note: Means are over all days of the window, those without plays too.
-- note: A play is heard until the session's next event, at most its length; the last one of a session for its length.
-- shares: digits days heard
-- parameter: since
-- parameter: until
-- parameter: level
-- column: hour integer : hour of the day, in UTC
-- column: plays integer : plays that began in the hour
-- column: listeners integer : distinct users who began one
-- column: plays_per_day number.2 : plays by the days of the window
-- column: concurrent number.2 : people listening at once, on average over the hour and the days
with hours as (
    select
        a.n + 10 * b.n as hour,
        cast(
            cast(cast($until as timestamp) as date) - cast(cast($since as timestamp) as date) as double precision
        ) as days
    from digits as a
    cross join digits as b
    where a.n + 10 * b.n < 24
),

window_hours as (
    select 24 * (days.day - cast(cast($since as timestamp) as date)) + hours.hour as window_hour
    from days
    cross join hours
),

-- In seconds since the window began; what is heard beyond its end is left out.
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

-- Few rows, as nearly all plays end in the hour in which they began, or in the next.
spans as (
    select
        cast(floor(began / 3600) as integer) as began_hour,
        cast(floor(ended / 3600) as integer) as ended_hour,
        count(*) as plays,
        sum(3600 - (began - 3600 * floor(began / 3600))) as began_seconds,
        sum(3600 - (ended - 3600 * floor(ended / 3600))) as ended_seconds
    from stretches
    group by
        cast(floor(began / 3600) as integer),
        cast(floor(ended / 3600) as integer)
),

-- For each hour how many more are heard at its end than at its beginning, and for how long within it.
edges as (
    select began_hour as window_hour, plays as opened, began_seconds as seconds
    from spans
    union all
    select ended_hour as window_hour, -plays as opened, -ended_seconds as seconds
    from spans
    union all
    select window_hour, 0 as opened, 0 as seconds
    from window_hours
),

hour_edges as (
    select
        window_hour,
        sum(opened) as opened,
        sum(seconds) as seconds
    from edges
    group by window_hour
),

heard_by_hour as (
    select
        mod(window_hour, 24) as hour,
        sum(seconds + 3600 * open_before) as seconds
    from (
        select
            window_hour,
            seconds,
            sum(opened) over (order by window_hour rows between unbounded preceding and current row) - opened
                as open_before
        from hour_edges
    ) as running
    where window_hour < 24 * (cast(cast($until as timestamp) as date) - cast(cast($since as timestamp) as date))
    group by mod(window_hour, 24)
),

played_by_hour as (
    select
        hour,
        cast(sum(plays) as bigint) as plays,
        count(*) as listeners
    from (
        select
            cast(extract(hour from start_time) as integer) as hour,
            user_id,
            count(*) as plays
        from songplays
        where
            start_time >= cast($since as timestamp)
            and start_time < cast($until as timestamp)
            and (cast($level as varchar) is null or level = cast($level as varchar))
        group by cast(extract(hour from start_time) as integer), user_id
    ) as hours_of_users
    group by hour
)

select
    hours.hour,
    coalesce(played_by_hour.plays, 0) as plays,
    coalesce(played_by_hour.listeners, 0) as listeners,
    coalesce(played_by_hour.plays, 0) / hours.days as plays_per_day,
    cast(coalesce(heard_by_hour.seconds, 0) as double precision) / 3600 / hours.days as concurrent
from hours
left join played_by_hour
    on played_by_hour.hour = hours.hour
left join heard_by_hour
    on heard_by_hour.hour = hours.hour
where hours.days > 0
order by hours.hour;
