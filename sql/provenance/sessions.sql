-- The window's sessions, and those whose last event is a play, so that nobody knows how long it was heard: one row.
with
-- At most one play of a session is its last event in the window.
ended_by_play as (
    select
        user_id,
        session_id
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
        and (next_event_time is null or next_event_time >= cast($until as timestamp))
),

-- A session that no play ends has a view.
sessions as (
    select
        user_id,
        session_id,
        max(censored) as censored
    from (
        select
            user_id,
            session_id,
            1 as censored
        from ended_by_play
        union all
        select
            user_id,
            session_id,
            0 as censored
        from page_views
        where
            user_id is not null
            and start_time >= cast($since as timestamp)
            and start_time < cast($until as timestamp)
    ) as seen
    group by user_id, session_id
)

select
    count(*) as sessions,
    coalesce(sum(censored), 0) as censored
from sessions;
