-- Staged users that are newer than what the dimension holds, in the order (ts, session_id, item_in_session). The
-- dimension keeps only the time, so where that is equal the facts tell which event was the later one.
create temporary table newer_users as
with ties as (
    select staged.user_id, staged.last_seen_at, staged.session_id, staged.item_in_session
    from staged_users as staged
    inner join users
        on users.user_id = staged.user_id
        and users.last_seen_at = staged.last_seen_at
),

outranked as (
    select ties.user_id
    from ties
    inner join songplays as later
        on later.user_id = ties.user_id
        and later.start_time = ties.last_seen_at
        and (
            later.session_id > ties.session_id
            or (later.session_id = ties.session_id and later.item_in_session > ties.item_in_session)
        )
    union all
    select ties.user_id
    from ties
    inner join page_views as later
        on later.user_id = ties.user_id
        and later.start_time = ties.last_seen_at
        and (
            later.session_id > ties.session_id
            or (later.session_id = ties.session_id and later.item_in_session > ties.item_in_session)
        )
)

select
    staged.user_id,
    staged.first_name,
    staged.last_name,
    staged.gender,
    staged.level,
    staged.registered_at,
    staged.last_seen_at
from staged_users as staged
left join users
    on users.user_id = staged.user_id
where
    (users.user_id is null or staged.last_seen_at >= users.last_seen_at)
    and not exists (select 1 from outranked where outranked.user_id = staged.user_id);
