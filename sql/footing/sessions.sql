-- The window's sessions, and those whose last event is a play, so that nobody knows how long it was heard: one row.
with ends as (
    select
        user_id,
        session_id,
        max(start_time) as last_play,
        cast(null as timestamp) as last_view
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
    group by user_id, session_id
    union all
    select
        user_id,
        session_id,
        cast(null as timestamp) as last_play,
        max(start_time) as last_view
    from page_views
    where
        user_id is not null
        and start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
    group by user_id, session_id
),

sessions as (
    select
        user_id,
        session_id,
        max(last_play) as last_play,
        max(last_view) as last_view
    from ends
    group by user_id, session_id
)

select
    count(*) as sessions,
    coalesce(
        sum(case when last_play >= last_view or (last_play is not null and last_view is null) then 1 else 0 end),
        0
    ) as censored
from sessions;
