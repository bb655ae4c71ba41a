-- Severity: blocking
-- Says: a user's current stay in user_levels has the level that users has, and every stay is a known user's
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after events
with stays as (
    select
        user_id,
        max(case when is_current then level collate "C" end) as current_level
    from user_levels
    group by user_id
)

select
    coalesce(users.user_id, stays.user_id) as user_id,
    case
        when users.user_id is null then 'not in users'
        when stays.user_id is null then 'has a level, but no stay'
        else 'the levels differ'
    end as problem,
    users.level,
    stays.current_level
from users
full outer join stays
    on stays.user_id = users.user_id
where
    users.user_id is null
    or (users.level is not null and (stays.current_level is null or stays.current_level <> users.level collate "C"))
order by 1;
