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
        min(case when is_play = 1 then start_time end) as first_play,
        min(item_in_session) as first_item
    from (
        select user_id, session_id, start_time, item_in_session, 1 as is_play
        from songplays
        union all
        select user_id, session_id, start_time, item_in_session, 0 as is_play
        from page_views
        where user_id is not null
    ) as events
    group by user_id, session_id
),

-- Reading the events once more takes less than keeping all of them.
landings as (
    select
        sessions.first_time,
        sessions.first_play,
        events.page,
        row_number() over (
            partition by sessions.session_id, sessions.user_id
            order by events.item_in_session, events.page collate "C"
        ) as place
    from sessions
    inner join (
        select user_id, session_id, start_time, item_in_session, 'NextSong' as page
        from songplays
        union all
        select user_id, session_id, start_time, item_in_session, page
        from page_views
        where user_id is not null
    ) as events
        on
            events.user_id = sessions.user_id
            and events.session_id = sessions.session_id
            and events.start_time = sessions.first_time
    where
        sessions.first_item = 0
        and sessions.first_time >= cast($since as timestamp)
        and sessions.first_time < cast($until as timestamp)
),

valued as (
    select 1 as dimension, page as value, first_time, first_play
    from landings
    where place = 1
    union all
    select
        2 as dimension,
        lpad(cast(cast(extract(hour from first_time) as integer) as varchar), 2, '0') as value,
        first_time,
        first_play
    from landings
    where place = 1
),

counted as (
    select
        dimension,
        value,
        count(*) as sessions,
        sum(case when date_part('epoch', first_play - first_time) <= 60 then 1 else 0 end) as soon
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
