-- Severity: blocking
-- Says: time has one row for an instant at which a play started, and no other row
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after events
-- A part of the plays ($sample_id is not 0) shows what must be in time, but not what must not.
with
span as (
    select min(start_time) as low, max(start_time) as high
    from (
        select start_time from songplays where songplay_id between $sample_id and $last_id
        union all
        select start_time from time where cast($sample_id as bigint) = 0
    ) as judged
),

-- Each second is a bit of its minute. Where the bits of time add up to more than their union, an instant is there
-- twice; the plays set the same bits however often. What is less than a second stays with the minute. That takes less
-- than to group by the instants.
minutes as (
    select
        minute,
        sum(time_bit) as time_sum,
        bit_or(time_bit) as time_bits,
        bit_or(play_bit) as play_bits
    from (
        select
            start_time - second * interval '1 second' as minute,
            cast(1 as bigint) << second as time_bit,
            cast(0 as bigint) as play_bit
        from (
            select time.start_time, cast(floor(date_part('second', time.start_time)) as integer) as second
            from time
            inner join span
                on time.start_time between span.low and span.high
        ) as instants
        union all
        select
            start_time - second * interval '1 second' as minute,
            cast(0 as bigint) as time_bit,
            cast(1 as bigint) << second as play_bit
        from (
            select start_time, cast(floor(date_part('second', start_time)) as integer) as second
            from songplays
            where songplay_id between $sample_id and $last_id
        ) as starts
    ) as bits
    group by minute
),

-- The instants of suspect minutes are read anew: to keep all of them for it takes longer. Where there are none the
-- span is one that nothing lies in.
suspect_span as (
    select
        coalesce(min(minute), timestamp '9999-12-31 00:00:00') as low,
        coalesce(max(minute), timestamp '0001-01-01 00:00:00') + interval '1 minute' as high
    from minutes
    where
        time_sum <> time_bits
        or (time_bits & play_bits) <> play_bits
        or (cast($sample_id as bigint) = 0 and time_bits <> play_bits)
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
        where songplays.songplay_id between $sample_id and $last_id
    ) as suspects
    group by start_time
)

select
    start_time,
    case
        when times = 0 then 'not in time'
        when times > 1 then 'there more than once'
        else 'no play started'
    end as problem,
    times,
    plays
from counted
where
    times = 0
    or times > 1
    or (cast($sample_id as bigint) = 0 and plays = 0)
order by start_time;
