-- title: Catalogue coverage
-- answers: How many plays have a song of the catalogue, and how much of the catalogue is played?
-- grain: one day
-- unit: plays
-- chart: line day match_rate
-- shares: digits days
-- parameter: since
-- parameter: until
-- parameter: level
-- column: day date : the day, in UTC
-- column: plays integer : plays of the day
-- column: matched integer : of these, plays that have a song of the catalogue
-- column: match_rate share : matched by plays; empty on a day without plays
-- column: songs_played integer : distinct songs of the catalogue played on the day
-- column: songs_so_far integer : distinct songs of the catalogue played since the window began
-- column: coverage_so_far share : these by all songs of the catalogue
with
day_counts as (
    select
        cast(start_time as date) as day,
        count(*) as plays,
        count(song_id) as matched
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
    group by cast(start_time as date)
),

-- The songs of the catalogue that a day knows.
day_songs as (
    select distinct
        cast(start_time as date) as day,
        song_id
    from songplays
    where
        song_id is not null
        and start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
),

song_counts as (
    select
        day,
        count(*) as songs_played
    from day_songs
    group by day
),

first_days as (
    select
        day,
        count(*) as new_songs
    from (
        select
            song_id,
            min(day) as day
        from day_songs
        group by song_id
    ) as first_plays
    group by day
),

by_day as (
    select
        days.day,
        cast(coalesce(day_counts.plays, 0) as bigint) as plays,
        cast(coalesce(day_counts.matched, 0) as bigint) as matched,
        coalesce(song_counts.songs_played, 0) as songs_played,
        sum(coalesce(first_days.new_songs, 0)) over (
            order by days.day
            rows between unbounded preceding and current row
        ) as songs_so_far
    from days
    left join day_counts
        on day_counts.day = days.day
    left join song_counts
        on song_counts.day = days.day
    left join first_days
        on first_days.day = days.day
),

catalogue as (
    select count(*) as songs
    from songs
)

select
    by_day.day,
    by_day.plays,
    by_day.matched,
    case when by_day.plays > 0 then cast(by_day.matched as double precision) / by_day.plays end as match_rate,
    by_day.songs_played,
    cast(by_day.songs_so_far as bigint) as songs_so_far,
    case
        when catalogue.songs > 0 then cast(by_day.songs_so_far as double precision) / catalogue.songs
    end as coverage_so_far
from by_day
cross join catalogue
order by by_day.day;
