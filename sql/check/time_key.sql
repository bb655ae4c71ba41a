-- Severity: blocking
-- Says: time has one row for an instant at which a play started, and no other row
-- Remedy: rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events
with
-- Of all that is held, instants before the first play and behind the last are judged too.
span as (
    select min(start_time) as low, max(start_time) as high
    from (
        select start_time from songplays where songplay_id between $sample_id and $last_id
        union all
        select start_time from time where cast($sample_id as bigint) = 0
    ) as judged
),

-- Each second is a bit of its minute: the bits of time add up to those of the plays, which are set however often a play
-- started then. What is less than a second stays with the minute. That takes less than to group by the instants.
crowded as (
    select block
    from (
        select
            start_time - second * interval '1 second' as block,
            cast(1 as bigint) << second as time_bit,
            cast(0 as bigint) as play_bit
        from (
            select time.start_time, cast(floor(extract(second from time.start_time)) as integer) as second
            from time
            inner join span
                on time.start_time between span.low and span.high
        ) as instants
        union all
        select
            start_time - second * interval '1 second' as block,
            cast(0 as bigint) as time_bit,
            cast(1 as bigint) << second as play_bit
        from (
            select songplays.start_time, cast(floor(extract(second from songplays.start_time)) as integer) as second
            from songplays
            inner join span
                on songplays.start_time between span.low and span.high
        ) as starts
    ) as bits
    group by block
    having sum(time_bit) <> bit_or(play_bit)
),

-- Their instants are read anew: to keep all of them for it takes longer. Where there are none the span is one that
-- nothing lies in.
suspect_span as (
    select
        coalesce(min(block), timestamp '9999-12-31 00:00:00') as low,
        coalesce(max(block), timestamp '0001-01-01 00:00:00') + interval '1 minute' as high
    from crowded
),

counted as (
    select start_time, sum(is_instant) as times, sum(is_start) as plays
    from (
        select time.start_time, 1 as is_instant, 0 as is_start
        from time
        inner join suspect_span
            on time.start_time >= suspect_span.low
            and time.start_time < suspect_span.high
        union all
        select songplays.start_time, 0 as is_instant, 1 as is_start
        from songplays
        inner join suspect_span
            on songplays.start_time >= suspect_span.low
            and songplays.start_time < suspect_span.high
    ) as suspects
    group by start_time
)

select
    start_time,
    case
        when times = 0 then 'not in time'
        when plays = 0 then 'no play started'
        else 'there more than once'
    end as problem,
    times,
    plays
from counted
where times <> 1 or plays = 0
order by start_time;
