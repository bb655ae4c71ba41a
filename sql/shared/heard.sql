-- For how long each play of the window was heard: until the session's next event, at most for its length. Insights
-- work this out in these words. Grain: one play of the window.
with
-- Every event of a session from the window's start on, so that a play's end is known beyond the window too.
-- A view has no length.
events as (
    select
        user_id,
        session_id,
        start_time,
        item_in_session,
        level,
        case when length > 0 then length else 0 end as length
    from songplays
    where start_time >= cast($since as timestamp)
    union all
    select
        user_id,
        session_id,
        start_time,
        item_in_session,
        null as level,
        null as length
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
        date_part(
            'epoch',
            lead(start_time) over (
                partition by session_id, user_id
                order by start_time, item_in_session
            ) - start_time
        ) as gap
    from events
),

-- The window's plays with the seconds that each was heard, and whether it is the last event of its session.
heard as (
    select
        user_id,
        level,
        start_time,
        case when gap < length then gap else length end as seconds,
        case when gap is null then 1 else 0 end as is_last
    from followed
    where
        length is not null
        and start_time < cast($until as timestamp)
)

select
    user_id,
    level,
    start_time,
    seconds,
    is_last
from heard;
