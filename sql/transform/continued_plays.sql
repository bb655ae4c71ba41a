-- The plays of continued sessions that something else follows now, with what it is.
create temporary table continued_plays as
with events as (
    select
        songplays.songplay_id,
        songplays.user_id,
        songplays.session_id,
        songplays.start_time,
        songplays.item_in_session,
        1 as is_play,
        songplays.track_no,
        songplays.next_event_time,
        songplays.next_play_time,
        songplays.next_track_no
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
        0 as is_play,
        cast(null as integer) as track_no,
        cast(null as timestamp) as next_event_time,
        cast(null as timestamp) as next_play_time,
        cast(null as integer) as next_track_no
    from page_views
    inner join continued_sessions
        on continued_sessions.session_id = page_views.session_id
        and continued_sessions.user_id = page_views.user_id
    where page_views.session_id
        between (select min(session_id) from continued_sessions) and (select max(session_id) from continued_sessions)
),

followed as (
    select
        songplay_id,
        next_event_time as told_event_time,
        next_play_time as told_play_time,
        next_track_no as told_track_no,
        lead(start_time) over (
            partition by session_id, user_id
            order by start_time, item_in_session
        ) as next_event_time,
        lead(start_time) over (
            partition by session_id, user_id, is_play
            order by start_time, item_in_session
        ) as next_play_time,
        lead(track_no) over (
            partition by session_id, user_id, is_play
            order by start_time, item_in_session
        ) as next_track_no
    from events
)

select songplay_id, next_event_time, next_play_time, next_track_no
from followed
where
    songplay_id is not null
    and (
        coalesce(next_event_time, timestamp '9999-12-31 00:00:00')
        <> coalesce(told_event_time, timestamp '9999-12-31 00:00:00')
        or coalesce(next_play_time, timestamp '9999-12-31 00:00:00')
        <> coalesce(told_play_time, timestamp '9999-12-31 00:00:00')
        or coalesce(next_track_no, 0) <> coalesce(told_track_no, 0)
    );
