-- The instants at which a user's level is first seen or changes. Of several events at one instant the last decides.
insert into staged_levels
with ranked as (
    select
        user_id,
        ts,
        level,
        row_number() over (
            partition by user_id, ts
            order by session_id desc, item_in_session desc
        ) as place
    from staged_events
    where user_id is not null and level is not null
),

steps as (
    select
        user_id,
        ts,
        level,
        lag(level) over (partition by user_id order by ts) as level_before
    from ranked
    where place = 1
)

select user_id, ts, level
from steps
where level_before is null or level_before <> level;
