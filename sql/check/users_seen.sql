-- Severity: blocking
-- Says: every user with an event is in users, last seen at the latest one, and nobody else is
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after events
-- A part of the events ($first_id is not 0) shows who must be there, and since when at least.
with latest as (
    select user_id, max(start_time) as start_time
    from songplays
    where songplay_id between $first_id and $last_id
    group by user_id
    union all
    select user_id, max(start_time) as start_time
    from page_views
    where user_id is not null and view_id between $first_id and $last_id
    group by user_id
),

seen as (
    select user_id, max(start_time) as last_event
    from latest
    group by user_id
)

select
    coalesce(seen.user_id, users.user_id) as user_id,
    case
        when users.user_id is null then 'not in users'
        when seen.user_id is null then 'has no event'
        else 'last seen at another time'
    end as problem,
    seen.last_event,
    users.last_seen_at
from seen
full outer join users
    on users.user_id = seen.user_id
where
    users.user_id is null
    or users.last_seen_at < seen.last_event
    or (cast($first_id as bigint) = 0 and (seen.user_id is null or users.last_seen_at > seen.last_event))
order by 1;
