-- Severity: blocking
-- Says: a play knows the times of its session's next event and next play, and the track of that play
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after events, if small
with
-- Sessions are numbered one after the other, so that those of a day lie close together.
span as (
    select min(session_id) as low, max(session_id) as high
    from songplays
    where songplay_id between $sample_id and $last_id
),

views as (
    select page_views.user_id, page_views.session_id, page_views.start_time, page_views.item_in_session
    from page_views
    inner join span
        on page_views.session_id between span.low and span.high
    where page_views.user_id is not null
),

-- Where each next play is later than its play, and all plays but the first are somebody's next play, they are in
-- order, as no other way leads through all of them. Two sums stand for the sets of plays by time and track: that of
-- milliseconds, and that of their products with themselves and the tracks. What keeps both is not seen. The first
-- play's track is what the tracks have more than the next tracks.
sums as (
    select
        user_id,
        session_id,
        count(*) as plays,
        sum(is_backward) as backward,
        cast(max(ms) - min(ms) as double precision) as distance,
        sum(cast(next_ms - ms as double precision)) as gaps,
        sum((ms & 2147483647) * ((ms & 2147483647) + track_no))
        - (min(ms) & 2147483647) * ((min(ms) & 2147483647) + sum(track_no - coalesce(next_track_no, 0))) as products,
        sum((next_ms & 2147483647) * ((next_ms & 2147483647) + next_track_no)) as next_products
    from (
        select
            songplays.user_id,
            songplays.session_id,
            cast(date_part('epoch', songplays.start_time - timestamp '1970-01-01 00:00:00') * 1000 as bigint) as ms,
            cast(date_part('epoch', songplays.next_play_time - timestamp '1970-01-01 00:00:00') * 1000 as bigint)
                as next_ms,
            songplays.track_no,
            songplays.next_track_no,
            case
                when
                    songplays.next_play_time <= songplays.start_time
                    or songplays.next_play_time < songplays.next_event_time
                    or songplays.next_event_time < songplays.start_time
                    or (songplays.next_event_time is null and songplays.next_play_time is not null)
                    then 1
                else 0
            end as is_backward
        from songplays
        inner join span
            on songplays.session_id between span.low and span.high
    ) as plays
    group by user_id, session_id
),

-- To hold each of many plays against each view takes longer than to put them in order.
long_sessions as (
    select user_id, session_id
    from sums
    where plays > 300
),

-- A view lies between a play and what it holds as its next event. Plays are read anew each time, as keeping them takes
-- longer.
passed_over as (
    select plays.user_id, plays.session_id
    from (
        select
            songplays.user_id,
            songplays.session_id,
            songplays.start_time,
            songplays.item_in_session,
            -- What nothing follows has a time that never comes.
            coalesce(songplays.next_event_time, timestamp '9999-12-31 23:59:59.999999') as next_event_time
        from songplays
        inner join span
            on songplays.session_id between span.low and span.high
    ) as plays
    inner join (
        select views.user_id, views.session_id, views.start_time, views.item_in_session
        from views
        left join long_sessions
            on
                long_sessions.session_id = views.session_id
                and long_sessions.user_id = views.user_id
        where long_sessions.session_id is null
    ) as short_views
        on
            short_views.session_id = plays.session_id
            and short_views.user_id = plays.user_id
            and short_views.start_time < plays.next_event_time
            and (
                short_views.start_time > plays.start_time
                or (short_views.start_time = plays.start_time and short_views.item_in_session > plays.item_in_session)
            )
),

-- What a play holds as its next event is neither the next play nor a view behind the play.
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
    left join views
        on
            views.session_id = plays.session_id
            and views.user_id = plays.user_id
            and views.start_time = plays.next_event_time
            and (views.start_time > plays.start_time or views.item_in_session > plays.item_in_session)
    where views.session_id is null
),

-- Their events are put in order; to do that with those of all sessions takes twice as long as to find these.
suspects as (
    select user_id, session_id
    from sums
    where
        backward > 0
        or coalesce(gaps, 0) <> distance
        or coalesce(next_products, 0) <> products
    union
    select user_id, session_id from long_sessions
    union
    select user_id, session_id from passed_over
    union
    select user_id, session_id from made_up
),

-- Where there are none it is one that nothing lies in.
suspect_span as (
    select
        coalesce(min(session_id), 9223372036854775807) as low,
        coalesce(max(session_id), -9223372036854775807) as high
    from suspects
),

plays as (
    select
        songplays.user_id,
        songplays.session_id,
        songplays.start_time,
        songplays.item_in_session,
        songplays.next_event_time,
        songplays.next_play_time,
        songplays.next_track_no,
        lead(songplays.start_time) over (
            partition by songplays.session_id, songplays.user_id
            order by songplays.start_time, songplays.item_in_session
        ) as found_play,
        lead(songplays.track_no) over (
            partition by songplays.session_id, songplays.user_id
            order by songplays.start_time, songplays.item_in_session
        ) as found_track
    from songplays
    inner join suspect_span
        on songplays.session_id between suspect_span.low and suspect_span.high
    inner join suspects
        on
            suspects.session_id = songplays.session_id
            and suspects.user_id = songplays.user_id
),

events as (
    select
        user_id,
        session_id,
        start_time,
        item_in_session,
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
            views.user_id,
            views.session_id,
            views.start_time,
            views.item_in_session,
            0 as is_play,
            null as next_event_time
        from views
        inner join suspects
            on
                suspects.session_id = views.session_id
                and suspects.user_id = views.user_id
    ) as plays_and_views
),

told as (
    select
        user_id,
        session_id,
        start_time,
        item_in_session,
        'next_event_time' as problem,
        next_event_time as told_time,
        found_event as found_time,
        cast(null as integer) as told_track,
        cast(null as integer) as found_track
    from events
    where is_play = 1
    union all
    select
        user_id,
        session_id,
        start_time,
        item_in_session,
        case
            when
                coalesce(next_play_time, timestamp '9999-12-31 23:59:59.999999')
                = coalesce(found_play, timestamp '9999-12-31 23:59:59.999999')
                then 'next_track_no'
            else 'next_play_time'
        end as problem,
        next_play_time as told_time,
        found_play as found_time,
        next_track_no as told_track,
        found_track
    from plays
)

select session_id, user_id, start_time, item_in_session, problem, told_time, found_time, told_track, found_track
from told
where
    coalesce(told_time, timestamp '9999-12-31 23:59:59.999999')
    <> coalesce(found_time, timestamp '9999-12-31 23:59:59.999999')
    or coalesce(told_track, 0) <> coalesce(found_track, 0)
order by session_id, user_id, start_time, item_in_session, problem;
