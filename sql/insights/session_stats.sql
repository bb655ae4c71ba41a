-- title: Sessions
-- answers: How long are sessions, how many plays do they have, how many end after one event?
-- grain: all sessions; those that began at a level
-- unit: sessions
-- sessions: matter
-- chart: none
-- note: A session is a user and a session number, with all pages; it counts where it has an event in the window.
-- note: It is cut off when its numbers do not begin with 0 (nor go on from a visitor's who then logged in), when it
-- note: begins before the window, ends behind it, or its last song plays on when the window or the data ends.
-- note: Cut-off sessions count as sessions, but not in the means, the median, the 90 % mark and the bounce rate.
-- parameter: since
-- parameter: until
-- parameter: data_until
-- column: began_at text : level of the session's first event, or all
-- column: sessions integer : sessions
-- column: cut_off integer : of these, sessions that are not here as a whole
-- column: cut_off_share share : part of the sessions that is cut off
-- column: plays_per_session number.1 : plays by session, of the whole ones
-- column: mean_minutes number.1 : mean duration: from the first event to the end of the last
-- column: median_minutes number.1 : half of the sessions are shorter
-- column: p90_minutes number.1 : nine of ten sessions are shorter
-- column: bounce_rate share : part of the whole sessions with one event only
-- column: caution text : why not to rely on the row
with data_end as (
    select max(start_time) as start_time
    from (
        select max(start_time) as start_time from songplays where start_time <= cast($data_until as timestamp)
        union all
        select max(start_time) as start_time from page_views where start_time <= cast($data_until as timestamp)
    ) as ends
),

-- Levels are bits, as texts take longer: free, paid, and any other or none.
sessions as (
    select
        user_id,
        session_id,
        min(start_time) as first_time,
        max(start_time) as last_time,
        min(item_in_session) as first_item,
        max(last_length) as last_length,
        count(*) as events,
        sum(is_play) as plays,
        bit_or(level_bit) as level_bits
    from (
        select
            user_id,
            session_id,
            start_time,
            item_in_session,
            case level when 'free' then 1 when 'paid' then 2 else 4 end as level_bit,
            1 as is_play,
            case when next_event_time is null then length end as last_length
        from songplays
        union all
        select
            user_id,
            session_id,
            start_time,
            item_in_session,
            case level when 'free' then 1 when 'paid' then 2 else 4 end as level_bit,
            0 as is_play,
            null as last_length
        from page_views
        where user_id is not null
    ) as events
    group by user_id, session_id
),

-- A session's numbers begin with the events of a visitor who then logged in.
visitor_items as (
    select distinct
        session_id,
        item_in_session
    from page_views
    where user_id is null
),

-- Few sessions have several levels, or another. Theirs is that of the event that they begin with; of several at one
-- instant, the numbers in the session decide. To read the events once more takes less than to keep all of them.
first_levels as (
    select
        sessions.user_id,
        sessions.session_id,
        coalesce(events.level, 'unknown') as level,
        row_number() over (
            partition by sessions.session_id, sessions.user_id
            order by events.item_in_session, events.is_play
        ) as place
    from sessions
    inner join (
        select user_id, session_id, start_time, item_in_session, level, 1 as is_play
        from songplays
        union all
        select user_id, session_id, start_time, item_in_session, level, 0 as is_play
        from page_views
        where user_id is not null
    ) as events
        on
            events.user_id = sessions.user_id
            and events.session_id = sessions.session_id
            and events.start_time = sessions.first_time
    where sessions.level_bits > 2
),

-- A session that spans the window counts if it has an event within.
spanning as (
    select distinct
        sessions.user_id,
        sessions.session_id
    from sessions
    inner join (
        select user_id, session_id, start_time
        from songplays
        union all
        select user_id, session_id, start_time
        from page_views
        where user_id is not null
    ) as events
        on
            events.user_id = sessions.user_id
            and events.session_id = sessions.session_id
    where
        sessions.first_time < cast($since as timestamp)
        and sessions.last_time >= cast($until as timestamp)
        and events.start_time >= cast($since as timestamp)
        and events.start_time < cast($until as timestamp)
),

measured as (
    select
        case sessions.level_bits when 1 then 'free' when 2 then 'paid' else first_levels.level end as level,
        sessions.events,
        sessions.plays,
        date_part('epoch', sessions.last_time - sessions.first_time)
        + case when sessions.last_length > 0 then sessions.last_length else 0 end as seconds,
        case
            when
                (sessions.first_item > 0 and visitor_items.session_id is null)
                or sessions.first_time < cast($since as timestamp)
                or sessions.last_time >= cast($until as timestamp)
                or date_part('epoch', least(cast($until as timestamp), data_end.start_time) - sessions.last_time)
                <= case when sessions.last_length > 0 then sessions.last_length else 0 end
                then 1
            else 0
        end as is_cut_off
    from sessions
    left join first_levels
        on
            first_levels.user_id = sessions.user_id
            and first_levels.session_id = sessions.session_id
            and first_levels.place = 1
    left join visitor_items
        on
            visitor_items.session_id = sessions.session_id
            and visitor_items.item_in_session = sessions.first_item - 1
    left join spanning
        on
            spanning.user_id = sessions.user_id
            and spanning.session_id = sessions.session_id
    cross join data_end
    where
        (sessions.first_time >= cast($since as timestamp) and sessions.first_time < cast($until as timestamp))
        or (sessions.last_time >= cast($since as timestamp) and sessions.last_time < cast($until as timestamp))
        or spanning.session_id is not null
),

scoped as (
    select 'all' as began_at, events, plays, seconds, is_cut_off from measured
    union all
    select level as began_at, events, plays, seconds, is_cut_off from measured
),

whole as (
    select
        began_at,
        count(*) as sessions,
        avg(cast(plays as double precision)) as plays,
        avg(seconds) as mean_s,
        percentile_cont(0.5) within group (order by seconds) as median_s,
        percentile_cont(0.9) within group (order by seconds) as p90_s,
        avg(cast(case when events = 1 then 1 else 0 end as double precision)) as bounce_rate
    from scoped
    where is_cut_off = 0
    group by began_at
),

counted as (
    select
        began_at,
        count(*) as sessions,
        sum(is_cut_off) as cut_off
    from scoped
    group by began_at
)

select
    counted.began_at,
    counted.sessions,
    cast(counted.cut_off as bigint) as cut_off,
    cast(counted.cut_off as double precision) / counted.sessions as cut_off_share,
    whole.plays as plays_per_session,
    whole.mean_s / 60 as mean_minutes,
    whole.median_s / 60 as median_minutes,
    whole.p90_s / 60 as p90_minutes,
    whole.bounce_rate,
    case when coalesce(whole.sessions, 0) < 20 then 'fewer than 20 whole sessions' end as caution
from counted
left join whole
    on whole.began_at = counted.began_at
order by counted.began_at collate "C";
