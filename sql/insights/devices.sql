-- title: Devices
-- answers: On what do people listen, and does it work there?
-- grain: one operating system, browser or form factor
-- unit: plays
-- chart: bars value plays
-- note: Read from the user agent; sessions and users count where they have a play with it.
-- parameter: since
-- parameter: until
-- parameter: level
-- column: dimension text : os, browser (family and major version) or form
-- column: value text : which
-- column: plays integer : plays in the window
-- column: users integer : distinct users
-- column: sessions integer : distinct sessions
-- column: plays_per_session number.1 : plays by sessions
-- column: error_rate share : Error pages by all events with it
-- column: share share : part of all plays in the window
-- column: caution text : why not to rely on the row
with agent_users as (
    select
        coalesce(user_agent, '') as user_agent,
        user_id,
        count(*) as plays
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
    group by coalesce(user_agent, ''), user_id
),

-- Most users have one agent, so that their sessions need not be asked for theirs.
agents_of_users as (
    select
        user_id,
        count(*) as agents,
        min(user_agent) as user_agent
    from agent_users
    group by user_id
),

user_sessions as (
    select
        user_id,
        count(*) as sessions
    from (
        select distinct user_id, session_id
        from songplays
        where
            start_time >= cast($since as timestamp)
            and start_time < cast($until as timestamp)
            and (cast($level as varchar) is null or level = cast($level as varchar))
    ) as listened
    group by user_id
),

changing_sessions as (
    select distinct
        coalesce(songplays.user_agent, '') as user_agent,
        songplays.user_id,
        songplays.session_id
    from songplays
    inner join agents_of_users
        on agents_of_users.user_id = songplays.user_id
    where
        agents_of_users.agents > 1
        and songplays.start_time >= cast($since as timestamp)
        and songplays.start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or songplays.level = cast($level as varchar))
),

agent_views as (
    select
        coalesce(user_agent, '') as user_agent,
        count(*) as views,
        sum(case when page = 'Error' then 1 else 0 end) as errors
    from page_views
    where
        user_id is not null
        and start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
    group by coalesce(user_agent, '')
),

agents as (
    select
        user_agent,
        case
            when user_agent like '%iPad%' or user_agent like '%iPhone%' or user_agent like '%iPod%' then 'iOS'
            when user_agent like '%Android%' then 'Android'
            when user_agent like '%Windows Phone%' then 'Windows Phone'
            when user_agent like '%Windows%' then 'Windows'
            when user_agent like '%Mac OS X%' or user_agent like '%Macintosh%' then 'macOS'
            when user_agent like '%CrOS%' then 'ChromeOS'
            when user_agent like '%Linux%' then 'Linux'
            else 'unknown'
        end as os,
        case
            when user_agent like '%Edge/%' then 'Edge ' || split_part(split_part(user_agent, 'Edge/', 2), '.', 1)
            when user_agent like '%Edg/%' then 'Edge ' || split_part(split_part(user_agent, 'Edg/', 2), '.', 1)
            when user_agent like '%OPR/%' then 'Opera ' || split_part(split_part(user_agent, 'OPR/', 2), '.', 1)
            when user_agent like '%MSIE %'
                then 'Internet Explorer ' || split_part(split_part(user_agent, 'MSIE ', 2), '.', 1)
            when user_agent like '%Trident/7.%' then 'Internet Explorer 11'
            when user_agent like '%Firefox/%'
                then 'Firefox ' || split_part(split_part(user_agent, 'Firefox/', 2), '.', 1)
            when user_agent like '%CriOS/%' then 'Chrome ' || split_part(split_part(user_agent, 'CriOS/', 2), '.', 1)
            when user_agent like '%Chrome/%' then 'Chrome ' || split_part(split_part(user_agent, 'Chrome/', 2), '.', 1)
            when user_agent like '%Version/%' and user_agent like '%Safari/%'
                then 'Safari ' || split_part(split_part(user_agent, 'Version/', 2), '.', 1)
            else 'unknown'
        end as browser,
        case
            when user_agent like '%iPad%' or user_agent like '%Tablet%' then 'tablet'
            when user_agent like '%Android%' and user_agent not like '%Mobile%' then 'tablet'
            when user_agent like '%Mobile%' or user_agent like '%iPhone%' or user_agent like '%iPod%' then 'phone'
            when
                user_agent like '%Windows%' or user_agent like '%Macintosh%' or user_agent like '%Linux%'
                or user_agent like '%CrOS%'
                then 'computer'
            else 'unknown'
        end as form
    from (
        select user_agent from agent_users
        union
        select user_agent from agent_views
    ) as seen
),

named as (
    select 1 as dimension, os as value, user_agent from agents
    union all
    select 2 as dimension, browser as value, user_agent from agents
    union all
    select 3 as dimension, form as value, user_agent from agents
),

played as (
    select
        named.dimension,
        named.value,
        cast(sum(agent_users.plays) as double precision) as plays,
        count(distinct agent_users.user_id) as users
    from named
    inner join agent_users
        on agent_users.user_agent = named.user_agent
    group by named.dimension, named.value
),

sessions as (
    select
        dimension,
        value,
        cast(sum(sessions) as bigint) as sessions
    from (
        select named.dimension, named.value, sum(user_sessions.sessions) as sessions
        from named
        inner join agents_of_users
            on agents_of_users.user_agent = named.user_agent
        inner join user_sessions
            on user_sessions.user_id = agents_of_users.user_id
        where agents_of_users.agents = 1
        group by named.dimension, named.value
        union all
        -- A session may have several agents of one value.
        select dimension, value, count(*) as sessions
        from (
            select distinct named.dimension, named.value, changing_sessions.user_id, changing_sessions.session_id
            from named
            inner join changing_sessions
                on changing_sessions.user_agent = named.user_agent
        ) as used
        group by dimension, value
    ) as counts
    group by dimension, value
),

viewed as (
    select
        named.dimension,
        named.value,
        sum(agent_views.views) as views,
        sum(agent_views.errors) as errors
    from named
    inner join agent_views
        on agent_views.user_agent = named.user_agent
    group by named.dimension, named.value
),

totals as (
    select cast(sum(plays) as double precision) as plays
    from agent_users
)

select
    case played.dimension
        when 1 then 'os'
        when 2 then 'browser'
        else 'form'
    end as dimension,
    played.value,
    cast(played.plays as bigint) as plays,
    played.users,
    sessions.sessions,
    played.plays / sessions.sessions as plays_per_session,
    cast(coalesce(viewed.errors, 0) as double precision) / (played.plays + coalesce(viewed.views, 0)) as error_rate,
    played.plays / totals.plays as share,
    case when played.users < 5 then 'fewer than 5 users' end as caution
from played
inner join sessions
    on
        sessions.dimension = played.dimension
        and sessions.value = played.value
left join viewed
    on
        viewed.dimension = played.dimension
        and viewed.value = played.value
cross join totals
order by played.dimension, played.plays desc, played.users desc, played.value collate "C";
