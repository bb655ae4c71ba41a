-- What sql/shared/heard.sql works out, and the start of the session's next play: two answers for one window.
-- Grain: one play of the window.
with
-- Every event of a session from the window's start on, so that what follows is known beyond the window too.
events as (
    select
        user_id,
        session_id,
        start_time,
        item_in_session,
        level,
        length,
        start_time as play_time
    from songplays
    where start_time >= cast($since as timestamp)
    union all
    select
        user_id,
        session_id,
        start_time,
        item_in_session,
        null as level,
        null as length,
        null as play_time
    from page_views
    where
        start_time >= cast($since as timestamp)
        and user_id is not null
),

followed as (
    select
        user_id,
        level,
        start_time,
        length,
        play_time,
        case when length > 0 then length else 0 end as most_seconds,
        date_part('epoch', lead(start_time) over events_in_order - start_time) as gap,
        lead(play_time ignore nulls) over events_in_order as next_play_time
    from events
    window
        events_in_order as (
            partition by session_id, user_id
            order by start_time, item_in_session
        )
)

select
    user_id,
    level,
    start_time,
    length,
    case when gap < most_seconds then gap else most_seconds end as seconds,
    case when gap is null then 1 else 0 end as is_last,
    next_play_time
from followed
where
    play_time is not null
    and start_time < cast($until as timestamp);
