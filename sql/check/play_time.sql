-- Severity: blocking
-- Says: the start of every play is in time, with the right hour, day, ISO week, month, year and ISO weekday
-- Remedy: rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events
with span as (
    select min(start_time) as low, max(start_time) as high
    from songplays
    where songplay_id between $sample_id and $last_id
),

known_times as (
    select
        time.start_time,
        case
            when
                time.hour <> extract(hour from time.start_time)
                or time.day <> extract(day from time.start_time)
                or time.week <> extract(week from time.start_time)
                or time.month <> extract(month from time.start_time)
                or time.year <> extract(year from time.start_time)
                or time.weekday % 7 <> extract(dow from time.start_time)
                or time.weekday not between 1 and 7
                then 1
            else 0
        end as is_wrong
    from time
    inner join span
        on time.start_time between span.low and span.high
),

deviating as (
    select
        songplays.songplay_id,
        songplays.start_time,
        known_times.is_wrong
    from songplays
    left join known_times
        on known_times.start_time = songplays.start_time
    where
        songplays.songplay_id between $sample_id and $last_id
        and coalesce(known_times.is_wrong, 1) = 1
)

select
    deviating.songplay_id,
    case when deviating.is_wrong = 1 then 'its row in time says otherwise' else 'not in time' end as problem,
    deviating.start_time,
    time.hour,
    time.day,
    time.week,
    time.month,
    time.year,
    time.weekday
from deviating
left join time
    on time.start_time = deviating.start_time
order by deviating.songplay_id;
