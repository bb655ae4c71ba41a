-- The start of the session's next play. Insights work this out in these words. Grain: one play of the window.
with
-- The window's plays with the start of the session's next play, which may lie beyond the window.
next_plays as (
    select
        start_time,
        level,
        length,
        next_time
    from (
        select
            start_time,
            level,
            length,
            lead(start_time) over (
                partition by session_id, user_id
                order by start_time, item_in_session
            ) as next_time
        from songplays
        where start_time >= cast($since as timestamp)
    ) as followed
    where start_time < cast($until as timestamp)
)

select
    start_time,
    level,
    length,
    next_time
from next_plays;
