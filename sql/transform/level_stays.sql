-- The stays to write: from the one under way when the first new event came, to the end.
create temporary table level_stays as
with arrivals as (
    select user_id, min(start_time) as since
    from level_points
    group by user_id
),

stays_before as (
    select
        user_levels.user_id,
        user_levels.valid_from,
        user_levels.level,
        row_number() over (partition by user_levels.user_id order by user_levels.valid_from desc) as place
    from user_levels
    inner join arrivals
        on arrivals.user_id = user_levels.user_id
        and user_levels.valid_from < arrivals.since
),

points as (
    select user_id, valid_from as start_time, level
    from stays_before
    where place = 1
    union all
    select user_id, start_time, level
    from level_points
),

steps as (
    select
        user_id,
        start_time,
        level,
        lag(level) over (partition by user_id order by start_time) as level_before
    from points
)

select
    user_id,
    level,
    start_time as valid_from,
    lead(start_time) over (partition by user_id order by start_time) as valid_to
from steps
where level_before is null or level_before <> level;
