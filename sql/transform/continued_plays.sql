-- The plays of continued sessions that something else follows now, with what it is.
create temporary table continued_plays as
with events as (
    select
        songplays.songplay_id,
        songplays.user_id,
        songplays.session_id,
        songplays.start_time,
        songplays.item_in_session,
        songplays.start_time as play_time,
        songplays.next_event_time,
        songplays.next_play_time
    from songplays
    inner join continued_sessions
        on continued_sessions.session_id = songplays.session_id
        and continued_sessions.user_id = songplays.user_id
    where songplays.session_id
        between (select min(session_id) from continued_sessions) and (select max(session_id) from continued_sessions)
    union all
    select
        cast(null as bigint) as songplay_id,
        page_views.user_id,
        page_views.session_id,
        page_views.start_time,
        page_views.item_in_session,
        cast(null as timestamp) as play_time,
        cast(null as timestamp) as next_event_time,
        cast(null as timestamp) as next_play_time
    from page_views
    inner join continued_sessions
        on continued_sessions.session_id = page_views.session_id
        and continued_sessions.user_id = page_views.user_id
    where page_views.session_id
        between (select min(session_id) from continued_sessions) and (select max(session_id) from continued_sessions)
),

-- Backwards, so that the earliest of the plays behind an event is the smallest so far.
followed as (
    select
        songplay_id,
        next_event_time as told_event_time,
        next_play_time as told_play_time,
        lag(start_time) over (
            partition by session_id, user_id
            order by start_time desc, item_in_session desc
        ) as next_event_time,
        min(play_time) over (
            partition by session_id, user_id
            order by start_time desc, item_in_session desc
            rows between unbounded preceding and 1 preceding
        ) as next_play_time
    from events
)

select songplay_id, next_event_time, next_play_time
from followed
where
    songplay_id is not null
    and (
        coalesce(next_event_time, timestamp '9999-12-31 00:00:00')
        <> coalesce(told_event_time, timestamp '9999-12-31 00:00:00')
        or coalesce(next_play_time, timestamp '9999-12-31 00:00:00')
        <> coalesce(told_play_time, timestamp '9999-12-31 00:00:00')
    );
