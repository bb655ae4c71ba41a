-- title: Eras
-- answers: From which decades are the songs that people play?
-- grain: one decade of release; the plays whose decade is not known
-- unit: plays
-- chart: bars era plays
-- parameter: since
-- parameter: until
-- parameter: level
-- column: era text : decade of release; year unknown: the catalogue does not say; not in the catalogue: no song matched
-- column: plays integer : plays in the window
-- column: songs integer : distinct songs of the catalogue played
-- column: listeners integer : distinct users who played them
-- column: share share : part of all plays in the window
-- column: share_of_dated share : part of the plays whose decade is known
with
song_eras as (
    select
        song_id,
        case when year is null or year = 0 then 20000 else year - mod(year, 10) end as decade
    from songs
),

songs_heard as (
    select
        song_id,
        count(*) as plays
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
    group by song_id
),

decade_songs as (
    select
        coalesce(song_eras.decade, 20001) as decade,
        sum(songs_heard.plays) as plays,
        count(song_eras.song_id) as songs
    from songs_heard
    left join song_eras
        on song_eras.song_id = songs_heard.song_id
    group by coalesce(song_eras.decade, 20001)
),

-- Plays without a song of the catalogue need no look at it.
decade_listeners as (
    select
        song_eras.decade,
        count(distinct songplays.user_id) as listeners
    from songplays
    inner join song_eras
        on song_eras.song_id = songplays.song_id
    where
        songplays.start_time >= cast($since as timestamp)
        and songplays.start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or songplays.level = cast($level as varchar))
    group by song_eras.decade
    union all
    select
        20001 as decade,
        count(distinct user_id) as listeners
    from songplays
    where
        song_id is null
        and start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
),

decades as (
    select
        decade_songs.decade,
        cast(decade_songs.plays as bigint) as plays,
        decade_songs.songs,
        decade_listeners.listeners
    from decade_songs
    inner join decade_listeners
        on decade_listeners.decade = decade_songs.decade
),

totals as (
    select
        sum(plays) as plays,
        sum(case when decade < 20000 then plays else 0 end) as dated_plays
    from decades
)

select
    case
        when decades.decade = 20001 then 'not in the catalogue'
        when decades.decade = 20000 then 'year unknown'
        else cast(decades.decade as varchar) || 's'
    end as era,
    decades.plays,
    decades.songs,
    decades.listeners,
    cast(decades.plays as double precision) / cast(totals.plays as double precision) as share,
    case
        when decades.decade < 20000
            then cast(decades.plays as double precision) / cast(totals.dated_plays as double precision)
    end as share_of_dated
from decades
cross join totals
order by decades.decade;
