-- title: How sessions start
-- answers: Where and when do sessions begin, and how soon does music play?
-- grain: one landing page; one hour of the day of a session's first event
-- unit: sessions
-- sessions: matter
-- chart: none
-- note: Only sessions whose first event here is their number 0, and lies in the window; so not those of visitors who
-- note: log in later.
-- parameter: since
-- parameter: until
-- column: dimension text : page or hour
-- column: value text : page of the first event, or its hour in UTC
-- column: sessions integer : sessions that begin so
-- column: share share : part of all sessions that count
-- column: play_within_60_s share : part whose first play comes within 60 s of the first event
with sessions as (
    select
        user_id,
        session_id,
        min(start_time) as first_time,
        min(play_time) as first_play
    from (
        select user_id, session_id, start_time, item_in_session, start_time as play_time
        from songplays
        union all
        select user_id, session_id, start_time, item_in_session, null as play_time
        from page_views
        where user_id is not null
    ) as events
    group by user_id, session_id
    having min(item_in_session) = 0
),

landings as (
    select
        sessions.first_time,
        sessions.first_play,
        events.page
    from (
        select user_id, session_id, start_time, 'NextSong' as page
        from songplays
        where
            item_in_session = 0
            and start_time >= cast($since as timestamp)
            and start_time < cast($until as timestamp)
        union all
        select user_id, session_id, start_time, page
        from page_views
        where
            item_in_session = 0
            and user_id is not null
            and start_time >= cast($since as timestamp)
            and start_time < cast($until as timestamp)
    ) as events
    inner join sessions
        on
            sessions.user_id = events.user_id
            and sessions.session_id = events.session_id
            and sessions.first_time = events.start_time
),

landed as (
    select
        page,
        cast(extract(hour from first_time) as integer) as hour,
        count(*) as sessions,
        sum(case when date_part('epoch', first_play - first_time) <= 60 then 1 else 0 end) as soon
    from landings
    group by page, cast(extract(hour from first_time) as integer)
),

valued as (
    select 1 as dimension, page as value, sessions, soon
    from landed
    union all
    select 2 as dimension, lpad(cast(hour as varchar), 2, '0') as value, sessions, soon
    from landed
),

counted as (
    select
        dimension,
        value,
        cast(sum(sessions) as bigint) as sessions,
        sum(soon) as soon
    from valued
    group by dimension, value
),

totals as (
    select sum(sessions) as sessions
    from counted
    where dimension = 1
)

select
    case when counted.dimension = 1 then 'page' else 'hour' end as dimension,
    counted.value,
    counted.sessions,
    cast(counted.sessions as double precision) / cast(totals.sessions as double precision) as share,
    cast(counted.soon as double precision) / counted.sessions as play_within_60_s
from counted
cross join totals
order by
    counted.dimension,
    case when counted.dimension = 1 then -counted.sessions else 0 end,
    counted.value collate "C";
