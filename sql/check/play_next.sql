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

-- Where each next play is later than its play, and all starts but the first are somebody's next play, they are in
-- order: no other way leads through all of them. Sums of squares stand for the sets of times.
disordered as (
    select user_id, session_id
    from (
        select
            user_id,
            session_id,
            count(*) - count(next_play_time) as ends,
            sum(
                case
                    when
                        next_play_time <= start_time
                        or next_play_time < next_event_time
                        or next_event_time < start_time
                        or (next_event_time is null and next_play_time is not null)
                        then 1
                    else 0
                end
            ) as backward,
            sum(part * part) as squares,
            sum(next_part * next_part) as next_squares,
            mod(cast(date_part('epoch', min(start_time)) * 1000 as bigint), 1000003) as first_part
        from (
            select
                songplays.user_id,
                songplays.session_id,
                songplays.start_time,
                songplays.next_event_time,
                songplays.next_play_time,
                mod(cast(date_part('epoch', songplays.start_time) * 1000 as bigint), 1000003) as part,
                mod(cast(date_part('epoch', songplays.next_play_time) * 1000 as bigint), 1000003) as next_part
            from songplays
            inner join span
                on songplays.session_id between span.low and span.high
        ) as plays
        group by user_id, session_id
    ) as sums
    where
        ends <> 1
        or backward > 0
        or squares <> coalesce(next_squares, 0) + first_part * first_part
),

-- A view lies between a play and what is told as its next event.
passed_over as (
    select plays.user_id, plays.session_id
    from (
        select
            songplays.user_id,
            songplays.session_id,
            songplays.start_time,
            songplays.item_in_session,
            -- What nothing follows has a time that never comes.
            coalesce(songplays.next_event_time, timestamp '9999-12-31 00:00:00') as next_event_time
        from songplays
        inner join span
            on songplays.session_id between span.low and span.high
    ) as plays
    inner join (
        select page_views.user_id, page_views.session_id, page_views.start_time, page_views.item_in_session
        from page_views
        inner join span
            on page_views.session_id between span.low and span.high
        where page_views.user_id is not null
    ) as views
        on
            views.session_id = plays.session_id
            and views.user_id = plays.user_id
            and views.start_time < plays.next_event_time
            and (
                views.start_time > plays.start_time
                or (views.start_time = plays.start_time and views.item_in_session > plays.item_in_session)
            )
),

-- What is told as the next event is neither the next play nor a view behind the play.
made_up as (
    select plays.user_id, plays.session_id
    from (
        select
            songplays.user_id,
            songplays.session_id,
            songplays.start_time,
            songplays.item_in_session,
            songplays.next_event_time
        from songplays
        inner join span
            on songplays.session_id between span.low and span.high
        where
            songplays.next_event_time is not null
            and (songplays.next_play_time is null or songplays.next_event_time <> songplays.next_play_time)
    ) as plays
    left join page_views as views
        on
            views.session_id = plays.session_id
            and views.user_id = plays.user_id
            and views.start_time = plays.next_event_time
            and (views.start_time > plays.start_time or views.item_in_session > plays.item_in_session)
    where views.session_id is null
),

-- Their events are put in order, which for those of all sessions takes twice as long as finding these.
suspects as (
    select user_id, session_id from disordered
    union
    select user_id, session_id from passed_over
    union
    select user_id, session_id from made_up
),

plays as (
    select
        songplays.user_id,
        songplays.session_id,
        songplays.start_time,
        songplays.item_in_session,
        songplays.next_event_time,
        songplays.next_play_time,
        lead(songplays.start_time) over (
            partition by songplays.session_id, songplays.user_id
            order by songplays.start_time, songplays.item_in_session
        ) as found_play
    from songplays
    inner join suspects
        on
            suspects.session_id = songplays.session_id
            and suspects.user_id = songplays.user_id
),

events as (
    select
        session_id,
        user_id,
        start_time,
        is_play,
        next_event_time,
        lead(start_time) over (
            partition by session_id, user_id
            order by start_time, item_in_session
        ) as found_event
    from (
        select user_id, session_id, start_time, item_in_session, 1 as is_play, next_event_time
        from plays
        union all
        select
            page_views.user_id,
            page_views.session_id,
            page_views.start_time,
            page_views.item_in_session,
            0 as is_play,
            null as next_event_time
        from page_views
        inner join suspects
            on
                suspects.session_id = page_views.session_id
                and suspects.user_id = page_views.user_id
    ) as held
),

told as (
    select
        session_id,
        user_id,
        start_time,
        'next_event_time' as problem,
        next_event_time as told_time,
        found_event as found_time
    from events
    where is_play = 1
    union all
    select
        session_id,
        user_id,
        start_time,
        'next_play_time' as problem,
        next_play_time as told_time,
        found_play as found_time
    from plays
)

select session_id, user_id, start_time, problem, told_time, found_time
from told
where
    coalesce(told_time, timestamp '9999-12-31 00:00:00') <> coalesce(found_time, timestamp '9999-12-31 00:00:00')
order by session_id, start_time, problem;
