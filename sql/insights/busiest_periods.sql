-- title: Busiest periods
-- answers: Which days and which 60 minutes were the busiest, and how unusual is that for the weekday?
-- grain: one day, or the busiest 60 minutes of a day
-- unit: plays
-- chart: none
-- note: The 60 minutes begin at a minute with a play and may reach into the next day; of equal ones the first counts.
-- note: z is the distance from the mean of the same weekday's days in standard deviations of theirs.
-- shares: digits days
-- parameter: since
-- parameter: until
-- parameter: level
-- parameter: top integer 10 1..100000 : how many ranks of each kind to show; equal ones are all shown
-- column: kind text : day, or hour for the busiest 60 minutes of a day
-- column: rank integer : place within its kind by plays; equal plays are the same place
-- column: begins time : when it begins, in UTC
-- column: weekday integer : ISO weekday, Monday is 1
-- column: plays integer : plays in it
-- column: usual number.1 : mean of the same weekday's days, or of their busiest 60 minutes
-- column: z number.2 : how unusual; empty when the weekday has one day only or no spread
-- column: caution text : why not to rely on z
with
-- Each day has a start, so that days without plays count as such.
starts as (
    select
        minute,
        cast(sum(plays) as bigint) as plays
    from (
        select
            cast(floor(date_part('epoch', start_time - cast($since as timestamp)) / 60) as integer) as minute,
            1 as plays
        from songplays
        where
            start_time >= cast($since as timestamp)
            and start_time < cast($until as timestamp)
            and (cast($level as varchar) is null or level = cast($level as varchar))
        union all
        select
            1440 * (day - cast(cast($since as timestamp) as date)) as minute,
            0 as plays
        from days
    ) as marked
    group by minute
),

-- How many plays came up to the end of each minute, and up to 60 minutes after its beginning.
marks as (
    select minute as at_minute, minute, plays, 0 as is_end from starts
    union all
    select minute + 59 as at_minute, minute, 0 as plays, 1 as is_end from starts
),

running as (
    select
        minute,
        is_end,
        plays,
        cast(
            sum(plays) over (
                order by at_minute, is_end
                rows between unbounded preceding and current row
            ) as bigint
        ) as plays_so_far
    from marks
),

windows as (
    select
        minute,
        cast(sum(case when is_end = 1 then plays_so_far else plays - plays_so_far end) as bigint) as plays
    from running
    group by minute
),

-- The most plays and their first minute in one number: of equal ones the earlier minute is the larger.
best_windows as (
    select
        day_no,
        1440 * day_no + 1439 - mod(best, 1440) as minute,
        (best - mod(best, 1440)) / 1440 as plays
    from (
        select
            cast(floor(minute / 1440.0) as integer) as day_no,
            max(1440 * plays + 1439 - mod(minute, 1440)) as best
        from windows
        group by cast(floor(minute / 1440.0) as integer)
    ) as placed
),

day_plays as (
    select
        cast(floor(minute / 1440.0) as integer) as day_no,
        sum(plays) as plays
    from starts
    group by cast(floor(minute / 1440.0) as integer)
),

periods as (
    select
        'day' as kind,
        days.day,
        cast(days.day as timestamp) as begins,
        cast(day_plays.plays as double precision) as plays
    from days
    inner join day_plays
        on day_plays.day_no = days.day - cast(cast($since as timestamp) as date)
    union all
    select
        'hour' as kind,
        days.day,
        cast($since as timestamp) + best_windows.minute * interval '1 minute' as begins,
        cast(best_windows.plays as double precision) as plays
    from days
    inner join best_windows
        on best_windows.day_no = days.day - cast(cast($since as timestamp) as date)
),

measured as (
    select
        kind,
        begins,
        plays,
        cast(extract(dow from day) as integer) as dow,
        rank() over (partition by kind order by plays desc) as place,
        count(*) over (partition by kind, cast(extract(dow from day) as integer)) as days,
        avg(plays) over (partition by kind, cast(extract(dow from day) as integer)) as usual,
        stddev_samp(plays) over (partition by kind, cast(extract(dow from day) as integer)) as spread
    from periods
)

select
    kind,
    place as rank,
    begins,
    case when dow = 0 then 7 else dow end as weekday,
    cast(plays as bigint) as plays,
    usual,
    case when spread > 0 then (plays - usual) / spread end as z,
    case when days < 5 then 'fewer than 5 such days' end as caution
from measured
where
    place <= cast($top as integer)
    and plays > 0
order by kind, place, begins;
