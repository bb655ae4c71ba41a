-- title: Concurrency
-- answers: How many plays run at once at most: how much must the service carry?
-- grain: one day
-- unit: plays at once
-- sessions: matter
-- chart: peaks day peak
-- note: A play runs from its start until the session's next event, at most for its length.
-- note: In a minute are all plays that run at any time of it: those open when it begins and those that begin in it.
-- shares: digits days
-- parameter: since
-- parameter: until
-- parameter: level
-- column: day date : the day, in UTC
-- column: peak integer : most plays in one minute of the day
-- column: peak_at time : the first such minute; empty on a day without plays
with
-- A play comes in the minute in which it begins. It goes when the minute begins in which it is not heard any more; one
-- that is not heard at all goes where it came. In minutes since the window began: whole numbers made of parts of a date
-- and of minutes of length are ones whose range DuckDB knows, so that it adds them up in an array.
edges as (
    select
        1440 * (cast(start_time as date) - cast(cast($since as timestamp) as date))
        + 60 * cast(extract(hour from start_time) as integer)
        + cast(extract(minute from start_time) as integer) as minute,
        1 as change
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
    union all
    select
        case
            when heard_to = start_time or length = 0 then began_minute
            when date_part('epoch', heard_to - start_time) < length then heard_to_minute
            when date_part('epoch', start_time - date_trunc('minute', start_time)) + length > 60 * length_minutes
                then began_minute + length_minutes + 1
            else began_minute + length_minutes
        end as minute,
        -1 as change
    from (
        select
            start_time,
            heard_to,
            length,
            1440 * (cast(start_time as date) - cast(cast($since as timestamp) as date))
            + 60 * cast(extract(hour from start_time) as integer)
            + cast(extract(minute from start_time) as integer) as began_minute,
            1440 * (cast(heard_to as date) - cast(cast($since as timestamp) as date))
            + 60 * cast(extract(hour from heard_to) as integer)
            + cast(extract(minute from heard_to) as integer)
            + case when heard_to > date_trunc('minute', heard_to) then 1 else 0 end as heard_to_minute,
            cast(ceil(length / 60) as integer) as length_minutes
        from (
            select
                start_time,
                least(next_event_time, cast($until as timestamp)) as heard_to,
                least(greatest(length, 0), 1e10) as length
            from songplays
            where
                start_time >= cast($since as timestamp)
                and start_time < cast($until as timestamp)
                and (cast($level as varchar) is null or level = cast($level as varchar))
        ) as plays
    ) as timed
),

minutes as (
    select
        minute,
        cast(sum(change) as integer) as change
    from edges
    group by minute
),

concurrent as (
    select
        minute,
        change,
        cast(sum(change) over (order by minute rows between unbounded preceding and current row) as integer) as plays
    from minutes
),

-- The most plays of a day and their first minute in one number: of equal ones the earlier minute is the larger.
day_peaks as (
    select
        cast(floor(minute / 1440.0) as integer) as day_no,
        min(mod(minute, 1440)) as first_minute,
        sum(change) as change,
        max(1440 * cast(plays as bigint) + 1439 - mod(minute, 1440)) as peak
    from concurrent
    group by cast(floor(minute / 1440.0) as integer)
),

-- What is open when a day begins.
open_days as (
    select
        days.day,
        day_peaks.first_minute,
        coalesce(day_peaks.peak, 0) as peak,
        coalesce(
            sum(day_peaks.change) over (order by days.day rows between unbounded preceding and 1 preceding), 0
        ) as open_plays
    from days
    left join day_peaks
        on day_peaks.day_no = days.day - cast(cast($since as timestamp) as date)
),

peaks as (
    select
        day,
        case when first_minute = 0 then peak else greatest(peak, 1440 * open_plays + 1439) end as peak
    from open_days
)

select
    day,
    cast((peak - mod(peak, 1440)) / 1440 as bigint) as peak,
    case
        when peak >= 1440
            then cast(day as timestamp) + cast(1439 - mod(peak, 1440) as integer) * interval '1 minute'
    end as peak_at
from peaks
order by day;
