-- The distinct times of the staged plays, with their parts. week and weekday are ISO (Monday is 1).
create temporary table staged_times as
with instants as (
    select distinct start_time
    from staged_plays
)

select
    start_time,
    cast(extract(hour from start_time) as smallint) as hour,
    cast(extract(day from start_time) as smallint) as day,
    cast(extract(week from start_time) as smallint) as week,
    cast(extract(month from start_time) as smallint) as month,
    cast(extract(year from start_time) as smallint) as year,
    cast(
        case when extract(dow from start_time) = 0 then 7 else extract(dow from start_time) end as smallint
    ) as weekday
from instants;
