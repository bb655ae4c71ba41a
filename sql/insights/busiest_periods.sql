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
-- parameter: top integer 10 1..100000 : how many ranks of each kind to show; of equal ones as many as fill 100 rows
-- column: kind text : day, or hour for the busiest 60 minutes of a day
-- column: rank integer : place within its kind by plays; equal plays are the same place
-- column: begins time : when it begins, in UTC
-- column: weekday integer : ISO weekday, Monday is 1
-- column: plays integer : plays in it
-- column: usual number.1 : mean of the same weekday's days, or of their busiest 60 minutes
-- column: z number.2 : how unusual; empty when the weekday has one day only or no spread
-- column: caution text : why not to rely on z
with
-- Plays by the minute in which they begin, in minutes since the window began: whole numbers made of parts of a date are
-- ones whose range DuckDB knows, so that it counts them in an array.
starts as (
    select
        minute,
        cast(count(*) as integer) as plays
    from (
        select
            1440 * (cast(start_time as date) - cast(cast($since as timestamp) as date))
            + 60 * cast(extract(hour from start_time) as integer)
            + cast(extract(minute from start_time) as integer) as minute
        from songplays
        where
            start_time >= cast($since as timestamp)
            and start_time < cast($until as timestamp)
            and (cast($level as varchar) is null or level = cast($level as varchar))
    ) as placed
    group by minute
),

-- The plays of a minute come at an even place and go at the odd place that is the end of their 60 minutes.
marks as (
    select 2 * minute as place, plays as change from starts
    union all
    select 2 * minute + 119 as place, -plays as change from starts
),

-- What is there just before a minute's plays go is what began within the 60 minutes from that minute on.
windows as (
    select
        place - 119 as begin_place,
        cast(sum(change) over (order by place rows between unbounded preceding and current row) as integer) - change
            as plays
    from marks
),

-- The most plays and their first minute in one number: of equal ones the earlier minute is the larger.
best_windows as (
    select
        day_no,
        1440 * day_no + 1439 - mod(best, 1440) as minute,
        (best - mod(best, 1440)) / 1440 as plays
    from (
        select
            cast(floor(begin_place / 2880.0) as integer) as day_no,
            max(1440 * cast(plays as bigint) + 1439 - cast(mod(begin_place, 2880) / 2 as integer)) as best
        from windows
        where mod(begin_place, 2) = 0
        group by cast(floor(begin_place / 2880.0) as integer)
    ) as placed
),

day_plays as (
    select
        cast(floor(minute / 1440.0) as integer) as day_no,
        sum(plays) as plays
    from starts
    group by cast(floor(minute / 1440.0) as integer)
),

-- Days without plays count too.
periods as (
    select
        'day' as kind,
        days.day,
        cast(days.day as timestamp) as begins,
        cast(coalesce(day_plays.plays, 0) as double precision) as plays
    from days
    left join day_plays
        on day_plays.day_no = days.day - cast(cast($since as timestamp) as date)
    union all
    select
        'hour' as kind,
        days.day,
        cast($since as timestamp) + cast(best_windows.minute as integer) * interval '1 minute' as begins,
        cast(coalesce(best_windows.plays, 0) as double precision) as plays
    from days
    left join best_windows
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
