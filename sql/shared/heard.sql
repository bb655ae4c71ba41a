-- For how long each play of the window was heard: until the session's next event, at most for its length. Insights
-- work this out in these words. Grain: one play of the window.
with
-- The window's plays with the seconds that each was heard, and whether it is the last event of its session.
heard as (
    select
        user_id,
        level,
        start_time,
        case when gap < length then gap else length end as seconds,
        case when gap is null then 1 else 0 end as is_last
    from (
        select
            user_id,
            level,
            start_time,
            case when length > 0 then length else 0 end as length,
            date_part('epoch', next_event_time - start_time) as gap
        from songplays
        where
            start_time >= cast($since as timestamp)
            and start_time < cast($until as timestamp)
    ) as followed
)

select
    user_id,
    level,
    start_time,
    seconds,
    is_last
from heard;
