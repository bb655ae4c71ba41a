-- title: An artist's audience
-- answers: Who plays an artist, where, when and at which level, compared with everyone?
-- grain: one value of a dimension among the artist's plays
-- unit: plays
-- chart: none
-- note: Without an artist it is the one with the most plays in the window, as the log names it.
-- empty: no play in the window is by an artist whom the log calls just that, in the same letters
-- parameter: since
-- parameter: until
-- parameter: level
-- parameter: top integer 10 1..100000 : how many places to show
-- parameter: artist text : the artist's name as the log writes it
-- column: artist text : the artist
-- column: dimension text : place, level, gender or hour of the day (UTC)
-- column: value text : the place, level, gender or hour
-- column: plays integer : the artist's plays there
-- column: listeners integer : distinct users behind them
-- column: share share : part of the artist's plays
-- column: overall_share share : part of all plays
-- column: lift number.2 : share by overall share: above 1, the artist is played more there than music is
-- column: caution text : why not to rely on the row
with plays_by_artist as (
    select
        artist,
        count(*) as plays
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
        and (cast($artist as varchar) is null or artist = cast($artist as varchar))
        and artist is not null
    group by artist
),

chosen as (
    select artist
    from plays_by_artist
    order by plays desc, artist collate "C"
    limit 1
),

-- Everyone's plays by one dimension at a time: that takes less than telling all of them apart at once.
overall as (
    select
        dimension,
        value,
        cast(sum(plays) as double precision) as plays
    from (
        select 1 as dimension, coalesce(location, 'unknown') as value, count(*) as plays
        from songplays
        where
            start_time >= cast($since as timestamp)
            and start_time < cast($until as timestamp)
            and (cast($level as varchar) is null or level = cast($level as varchar))
        group by location
        union all
        select 2 as dimension, coalesce(level, 'unknown') as value, count(*) as plays
        from songplays
        where
            start_time >= cast($since as timestamp)
            and start_time < cast($until as timestamp)
            and (cast($level as varchar) is null or level = cast($level as varchar))
        group by level
        union all
        select 3 as dimension, coalesce(users.gender, 'unknown') as value, sum(users_played.plays) as plays
        from (
            select user_id, count(*) as plays
            from songplays
            where
                start_time >= cast($since as timestamp)
                and start_time < cast($until as timestamp)
                and (cast($level as varchar) is null or level = cast($level as varchar))
            group by user_id
        ) as users_played
        left join users
            on users.user_id = users_played.user_id
        group by users.gender
        union all
        select 4 as dimension, lpad(cast(hour as varchar), 2, '0') as value, count(*) as plays
        from (
            select cast(extract(hour from start_time) as integer) as hour
            from songplays
            where
                start_time >= cast($since as timestamp)
                and start_time < cast($until as timestamp)
                and (cast($level as varchar) is null or level = cast($level as varchar))
        ) as timed
        group by hour
    ) as counts
    group by dimension, value
),

artist_plays as (
    select songplays.user_id, songplays.location, songplays.level, songplays.start_time
    from songplays
    inner join chosen
        on chosen.artist = songplays.artist
    where
        songplays.start_time >= cast($since as timestamp)
        and songplays.start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or songplays.level = cast($level as varchar))
),

artist_valued as (
    select 1 as dimension, coalesce(location, 'unknown') as value, user_id from artist_plays
    union all
    select 2 as dimension, coalesce(level, 'unknown') as value, user_id from artist_plays
    union all
    select 3 as dimension, coalesce(users.gender, 'unknown') as value, artist_plays.user_id
    from artist_plays
    left join users
        on users.user_id = artist_plays.user_id
    union all
    select
        4 as dimension,
        lpad(cast(cast(extract(hour from start_time) as integer) as varchar), 2, '0') as value,
        user_id
    from artist_plays
),

counted as (
    select
        dimension,
        value,
        cast(count(*) as double precision) as plays,
        count(distinct user_id) as listeners
    from artist_valued
    group by dimension, value
),

totals as (
    select
        (select sum(plays) from overall where dimension = 2) as all_plays,
        (select sum(plays) from counted where dimension = 2) as plays
),

placed as (
    select
        counted.dimension,
        counted.value,
        counted.plays,
        counted.listeners,
        counted.plays / totals.plays as share,
        overall.plays / totals.all_plays as overall_share,
        row_number() over (
            partition by counted.dimension
            order by counted.plays desc, counted.listeners desc, counted.value collate "C"
        ) as place
    from counted
    inner join overall
        on
            overall.dimension = counted.dimension
            and overall.value = counted.value
    cross join totals
)

select
    chosen.artist,
    case placed.dimension
        when 1 then 'place'
        when 2 then 'level'
        when 3 then 'gender'
        else 'hour'
    end as dimension,
    placed.value,
    cast(placed.plays as bigint) as plays,
    placed.listeners,
    placed.share,
    placed.overall_share,
    placed.share / placed.overall_share as lift,
    case when placed.listeners < 5 then 'fewer than 5 users' end as caution
from placed
cross join chosen
where
    placed.dimension > 1
    or placed.place <= cast($top as integer)
order by
    placed.dimension,
    case when placed.dimension = 4 then placed.value end,
    placed.place;
