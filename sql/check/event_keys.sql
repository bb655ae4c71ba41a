-- Severity: blocking
-- Says: an event (user, session, item and time) is held once, in songplays or in page_views
-- Remedy: an event was loaded twice; rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events
with judged as (
    select songplay_id as event_id, start_time, user_id, session_id, item_in_session
    from songplays
    where songplay_id between $sample_id and $last_id
    union all
    select view_id as event_id, start_time, user_id, session_id, item_in_session
    from page_views
    where view_id between $sample_id and $last_id
),

held as (
    select songplay_id as event_id, start_time, user_id, session_id, item_in_session
    from songplays
    union all
    select view_id as event_id, start_time, user_id, session_id, item_in_session
    from page_views
),

pairs as (
    select
        judged.event_id,
        held.event_id as same_event_id,
        judged.user_id,
        judged.session_id,
        judged.item_in_session,
        judged.start_time
    from judged
    inner join held
        on held.start_time = judged.start_time
        and held.session_id = judged.session_id
        and held.item_in_session = judged.item_in_session
        and coalesce(held.user_id, -9223372036854775807 - 1) = coalesce(judged.user_id, -9223372036854775807 - 1)
)

select event_id, same_event_id, user_id, session_id, item_in_session, start_time
from pairs
where same_event_id < event_id or same_event_id > $last_id
order by event_id, same_event_id;
