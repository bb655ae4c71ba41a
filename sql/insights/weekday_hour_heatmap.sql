-- title: Week by hour
-- answers: At which hours of which weekdays do people listen?
-- grain: one hour of one weekday, in UTC
-- unit: plays
-- chart: heatmap hour weekday plays_per_slot
-- note: Means are over all occurrences of the slot in the window, those without plays too.
-- parameter: since
-- parameter: until
-- parameter: level
-- column: weekday integer : ISO weekday, Monday is 1
-- column: hour integer : hour of the day, in UTC
-- column: plays integer : plays in the window
-- column: occurrences integer : how often the window has the slot
-- column: plays_per_slot number.2 : plays by occurrences; empty when there is none
with digits as (
    select 0 as n
    union all select 1
    union all select 2
    union all select 3
    union all select 4
    union all select 5
    union all select 6
    union all select 7
    union all select 8
    union all select 9
),

days as (
    select cast(cast($since as timestamp) as date) + (a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n) as day
    from digits as a
    cross join digits as b
    cross join digits as c
    cross join digits as d
    cross join digits as e
    where
        a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n
        < cast(cast($until as timestamp) as date) - cast(cast($since as timestamp) as date)
),

hours as (
    select a.n + 10 * b.n as hour
    from digits as a
    cross join digits as b
    where a.n + 10 * b.n < 24
),

-- Sunday is 0 in every engine's dow.
weekdays as (
    select
        n as weekday,
        mod(n, 7) as dow
    from digits
    where n between 1 and 7
),

occurrences as (
    select
        cast(extract(dow from day) as integer) as dow,
        count(*) as days
    from days
    group by cast(extract(dow from day) as integer)
),

played as (
    select
        cast(extract(dow from start_time) as integer) as dow,
        cast(extract(hour from start_time) as integer) as hour,
        count(*) as plays
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
    group by
        cast(extract(dow from start_time) as integer),
        cast(extract(hour from start_time) as integer)
)

select
    weekdays.weekday,
    hours.hour,
    coalesce(played.plays, 0) as plays,
    coalesce(occurrences.days, 0) as occurrences,
    cast(coalesce(played.plays, 0) as double precision) / occurrences.days as plays_per_slot
from weekdays
cross join hours
left join occurrences
    on occurrences.dow = weekdays.dow
left join played
    on
        played.dow = weekdays.dow
        and played.hour = hours.hour
order by weekdays.weekday, hours.hour;
