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
with dated as (
    select
        songplays.user_id,
        songplays.song_id,
        case
            when songs.song_id is null then 20001
            when songs.year is null or songs.year = 0 then 20000
            else songs.year - mod(songs.year, 10)
        end as decade
    from songplays
    left join songs
        on songs.song_id = songplays.song_id
    where
        songplays.start_time >= cast($since as timestamp)
        and songplays.start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or songplays.level = cast($level as varchar))
),

decades as (
    select
        decade,
        count(*) as plays,
        count(distinct case when decade = 20001 then null else song_id end) as songs,
        count(distinct user_id) as listeners
    from dated
    group by decade
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
