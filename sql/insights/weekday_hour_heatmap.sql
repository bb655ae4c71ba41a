-- title: Week by hour
-- answers: At which hours of which weekdays do people listen?
-- grain: one hour of one weekday, in UTC
-- unit: plays
-- chart: heatmap hour weekday plays_per_slot
-- note: Means are over all occurrences of the slot in the window, those without plays too.
-- shares: digits days
-- parameter: since
-- parameter: until
-- parameter: level
-- column: weekday integer : ISO weekday, Monday is 1
-- column: hour integer : hour of the day, in UTC
-- column: plays integer : plays in the window
-- column: occurrences integer : how often the window has the slot
-- column: plays_per_slot number.2 : plays by occurrences; empty when there is none
with hours as (
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
