-- Severity: blocking
-- Says: the start of every play is in time, with the right hour, day, ISO week, month, year and ISO weekday
-- Remedy: rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events
select
    songplays.songplay_id,
    case when time.start_time is null then 'not in time' else 'its row in time says otherwise' end as problem,
    songplays.start_time,
    time.hour,
    time.day,
    time.week,
    time.month,
    time.year,
    time.weekday
from songplays
left join time
    on time.start_time = songplays.start_time
where
    songplays.songplay_id between $sample_id and $last_id
    and (
        time.start_time is null
        or time.hour <> extract(hour from songplays.start_time)
        or time.day <> extract(day from songplays.start_time)
        or time.week <> extract(week from songplays.start_time)
        or time.month <> extract(month from songplays.start_time)
        or time.year <> extract(year from songplays.start_time)
        or time.weekday % 7 <> extract(dow from songplays.start_time)
        or time.weekday not between 1 and 7
    )
order by songplays.songplay_id;
