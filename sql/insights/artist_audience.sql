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

-- All plays in few rows: what the dimensions and the artist tell apart.
played as (
    select
        user_id,
        location,
        level,
        hour,
        is_artist,
        count(*) as plays
    from (
        select
            user_id,
            location,
            level,
            cast(extract(hour from start_time) as integer) as hour,
            case when artist = (select artist from chosen) then 1 else 0 end as is_artist
        from songplays
        where
            start_time >= cast($since as timestamp)
            and start_time < cast($until as timestamp)
            and (cast($level as varchar) is null or level = cast($level as varchar))
    ) as told_apart
    group by user_id, location, level, hour, is_artist
),

valued as (
    select 1 as dimension, coalesce(location, 'unknown') as value, user_id, is_artist, plays from played
    union all
    select 2 as dimension, coalesce(level, 'unknown') as value, user_id, is_artist, plays from played
    union all
    select 3 as dimension, coalesce(users.gender, 'unknown') as value, played.user_id, played.is_artist, played.plays
    from played
    left join users
        on users.user_id = played.user_id
    union all
    select 4 as dimension, lpad(cast(hour as varchar), 2, '0') as value, user_id, is_artist, plays from played
),

counted as (
    select
        dimension,
        value,
        cast(sum(plays) as double precision) as all_plays,
        cast(sum(case when is_artist = 1 then plays else 0 end) as double precision) as plays,
        count(distinct case when is_artist = 1 then user_id end) as listeners
    from valued
    group by dimension, value
),

totals as (
    select
        sum(all_plays) as all_plays,
        sum(plays) as plays
    from counted
    where dimension = 2
),

placed as (
    select
        counted.dimension,
        counted.value,
        counted.plays,
        counted.listeners,
        counted.plays / totals.plays as share,
        counted.all_plays / totals.all_plays as overall_share,
        row_number() over (
            partition by counted.dimension
            order by counted.plays desc, counted.listeners desc, counted.value collate "C"
        ) as place
    from counted
    cross join totals
    where counted.plays > 0
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
