-- Severity: blocking
-- Says: a play knows the times of its session's next event and next play
-- Remedy: rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events, if small
with
-- Sessions are numbered one after the other, so that those of a day lie close together.
span as (
    select min(session_id) as low, max(session_id) as high
    from songplays
    where songplay_id between $sample_id and $last_id
),

plays as (
    select
        session_id,
        user_id,
        start_time,
        item_in_session,
        next_play_time,
        -- What nothing follows has a time that never comes.
        coalesce(next_event_time, timestamp '9999-12-31 00:00:00') as next_event_time
    from songplays
    inner join span
        on songplays.session_id between span.low and span.high
),

events as (
    select session_id, user_id, start_time, item_in_session, next_event_time as told_time
    from plays
    union all
    select session_id, user_id, start_time, item_in_session, cast(null as timestamp) as told_time
    from page_views
    inner join span
        on page_views.session_id between span.low and span.high
),

followed as (
    select
        session_id,
        user_id,
        start_time,
        told_time,
        coalesce(
            lead(start_time) over (partition by session_id, user_id order by start_time, item_in_session),
            timestamp '9999-12-31 00:00:00'
        ) as found_time
    from events
),

-- From one play to the next a session's plays lead from the first to the last, and no next play comes before the next
-- event. That takes a fraction of sorting them once more. Floating-point sums are not exact.
astray as (
    select
        session_id,
        user_id,
        min(start_time) as start_time
    from plays
    group by session_id, user_id
    having
        count(*) - count(next_play_time) <> 1
        or sum(case when next_play_time < next_event_time then 1 else 0 end) > 0
        or abs(
            sum(date_part('epoch', next_play_time - start_time))
            - date_part('epoch', max(start_time) - min(start_time))
        ) > 0.0005
)

select
    session_id,
    user_id,
    start_time,
    'next_event_time' as problem,
    nullif(told_time, timestamp '9999-12-31 00:00:00') as told_time,
    nullif(found_time, timestamp '9999-12-31 00:00:00') as found_time
from followed
where told_time <> found_time
union all
select
    session_id,
    user_id,
    start_time,
    'next_play_time' as problem,
    cast(null as timestamp) as told_time,
    cast(null as timestamp) as found_time
from astray
order by session_id, start_time, problem;
