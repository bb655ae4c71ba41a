-- title: Weekdays and weekends
-- answers: How much less, or more, is played at weekends?
-- grain: one weekday; working days, weekends, and the ratio of the two
-- unit: plays
-- chart: columns period plays_per_day
-- note: Means are over all days of the window, those without plays too.
-- note: The interval is the middle 95 % of 400 resamples of the days, drawn in a fixed order: the same each time.
-- shares: digits days
-- parameter: since
-- parameter: until
-- parameter: level
-- column: period text : weekday; Mon-Fri and Sat-Sun; their ratio
-- column: days integer : such days in the window
-- column: plays integer : plays on them
-- column: plays_per_day number.1 : plays by days
-- column: ratio number.3 : Sat-Sun by Mon-Fri, both as plays per day
-- column: ratio_low number.3 : lower end of its interval
-- column: ratio_high number.3 : upper end of its interval
-- column: caution text : why not to rely on the row
with played as (
    select
        cast(start_time as date) as day,
        count(*) as plays
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
    group by cast(start_time as date)
),

-- The days of each kind, numbered from 0. Sunday is 0 in every engine's dow.
day_plays as (
    select
        day,
        dow,
        is_weekend,
        plays,
        row_number() over (partition by is_weekend order by day) - 1 as day_no,
        count(*) over (partition by is_weekend) as kind_days
    from (
        select
            days.day,
            cast(extract(dow from days.day) as integer) as dow,
            case when cast(extract(dow from days.day) as integer) in (0, 6) then 1 else 0 end as is_weekend,
            cast(coalesce(played.plays, 0) as double precision) as plays
        from days
        left join played
            on played.day = days.day
    ) as all_days
),

resamples as (
    select a.n + 10 * b.n + 100 * c.n as resample_no
    from digits as a
    cross join digits as b
    cross join digits as c
    where a.n + 10 * b.n + 100 * c.n < 400
),

-- Numbers of resample and draw, squared and mixed modulo a prime, become the number of a day.
mixed_once as (
    select
        resamples.resample_no,
        day_plays.is_weekend,
        day_plays.kind_days,
        mod(
            (cast(resamples.resample_no as bigint) * 100003 + day_plays.day_no * 2 + day_plays.is_weekend + 1) * 48271,
            2147483647
        ) as mix
    from resamples
    cross join day_plays
),

mixed_twice as (
    select
        resample_no,
        is_weekend,
        kind_days,
        mod(mix * mix + 1013, 2147483647) as mix
    from mixed_once
),

drawn as (
    select
        resample_no,
        is_weekend,
        mod(mod(mix * mix + 69621, 2147483647), kind_days) as day_no
    from mixed_twice
),

resampled as (
    select
        drawn.resample_no,
        avg(case when day_plays.is_weekend = 1 then day_plays.plays end) as weekend,
        avg(case when day_plays.is_weekend = 0 then day_plays.plays end) as working
    from drawn
    inner join day_plays
        on
            day_plays.is_weekend = drawn.is_weekend
            and day_plays.day_no = drawn.day_no
    group by drawn.resample_no
),

interval_ends as (
    select
        percentile_cont(0.025) within group (order by weekend / working) as low,
        percentile_cont(0.975) within group (order by weekend / working) as high
    from resampled
    where working > 0 and weekend is not null
),

periods as (
    select
        case when dow = 0 then 7 else dow end as place,
        case dow
            when 1 then 'Mon'
            when 2 then 'Tue'
            when 3 then 'Wed'
            when 4 then 'Thu'
            when 5 then 'Fri'
            when 6 then 'Sat'
            else 'Sun'
        end as period,
        count(*) as days,
        sum(plays) as plays
    from day_plays
    group by dow
    union all
    select
        8 + is_weekend as place,
        case when is_weekend = 1 then 'Sat-Sun' else 'Mon-Fri' end as period,
        count(*) as days,
        sum(plays) as plays
    from day_plays
    group by is_weekend
),

compared as (
    select
        avg(case when is_weekend = 1 then plays end) as weekend,
        avg(case when is_weekend = 0 then plays end) as working,
        sum(case when is_weekend = 1 then 1 else 0 end) as weekend_days,
        sum(case when is_weekend = 0 then 1 else 0 end) as working_days
    from day_plays
),

lines as (
    select
        place,
        period,
        days,
        plays,
        plays / days as plays_per_day,
        null as ratio,
        null as ratio_low,
        null as ratio_high,
        case when days < 4 then 'fewer than 4 such days' end as caution
    from periods
    union all
    select
        10 as place,
        'Sat-Sun / Mon-Fri' as period,
        null as days,
        null as plays,
        null as plays_per_day,
        compared.weekend / compared.working as ratio,
        interval_ends.low as ratio_low,
        interval_ends.high as ratio_high,
        case
            when compared.weekend_days < 4 or compared.working_days < 4 then 'fewer than 4 days of a kind'
        end as caution
    from compared
    cross join interval_ends
    where compared.working > 0 and compared.weekend is not null
)

select
    period,
    days,
    cast(plays as bigint) as plays,
    plays_per_day,
    cast(ratio as double precision) as ratio,
    cast(ratio_low as double precision) as ratio_low,
    cast(ratio_high as double precision) as ratio_high,
    caution
from lines
order by place;
