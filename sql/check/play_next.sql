-- Severity: blocking
-- Says: a play knows the times of its session's next event and next play
-- Remedy: rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events, if small
with judged as (
    select distinct session_id
    from songplays
    where songplay_id between $sample_id and $last_id
),

plays as (
    select
        session_id,
        user_id,
        start_time,
        item_in_session,
        coalesce(next_event_time, timestamp '9999-12-31 00:00:00') as next_event_time,
        coalesce(next_play_time, timestamp '9999-12-31 00:00:00') as next_play_time
    from songplays
    where session_id in (select session_id from judged)
),

events as (
    select session_id, user_id, start_time, item_in_session, next_event_time as told_time
    from plays
    union all
    select session_id, user_id, start_time, item_in_session, cast(null as timestamp) as told_time
    from page_views
    where session_id in (select session_id from judged)
),

followed as (
    select
        'event' as next_kind,
        session_id,
        user_id,
        start_time,
        told_time,
        coalesce(
            lead(start_time) over (partition by session_id, user_id order by start_time, item_in_session),
            timestamp '9999-12-31 00:00:00'
        ) as found_time
    from events
    union all
    select
        'play' as next_kind,
        session_id,
        user_id,
        start_time,
        next_play_time as told_time,
        coalesce(
            lead(start_time) over (partition by session_id, user_id order by start_time, item_in_session),
            timestamp '9999-12-31 00:00:00'
        ) as found_time
    from plays
)

-- What nothing follows has a time that never comes.
select next_kind, session_id, user_id, start_time, told_time, found_time
from followed
where told_time <> found_time
order by session_id, start_time, next_kind;
