-- title: Trending songs
-- answers: Which songs are played more in the last days than in the blocks of days before?
-- grain: one song with enough plays in the last days; the rising ones, and the ones that are new
-- unit: plays
-- chart: bars song ratio
-- note: The last days end where the window ends, and are as many as it has if it is shorter.
-- note: The blocks before are whole ones, as far back as the data goes, also before the window.
-- empty: no whole block of days is before the last days, or no song has enough plays in them
-- note: The interval is the 95 % one for the recent plays as a Poisson count (Byar's approximation).
-- parameter: since
-- parameter: until
-- parameter: data_since
-- parameter: level
-- parameter: top integer 20 1..100000 : how many of each kind
-- parameter: days integer 7 1..1000 : length of the last days, and of each block before
-- parameter: blocks integer 4 1..1000 : how many blocks before to compare with
-- parameter: min_plays integer 5 1..1000000 : fewest plays in the last days
-- column: kind text : rising: played in the blocks before too; new: not played in them
-- column: rank integer : place within its kind
-- column: song text : title
-- column: artist text : artist as the log names it
-- column: song_id text : song of the catalogue; empty where none was matched
-- column: recent_plays integer : plays in the last days
-- column: listeners integer : distinct users who played it in the last days
-- column: blocks_before integer : whole blocks before that there is data for
-- column: mean_before number.2 : plays a block before
-- column: ratio number.2 : recent plays by plays a block before; empty for new songs
-- column: ratio_low number.2 : lower end of the interval
-- column: ratio_high number.2 : upper end of the interval
with first_event as (
    select min(start_time) as start_time
    from (
        select min(start_time) as start_time
        from songplays
        where start_time >= cast($data_since as timestamp)
        union all
        select min(start_time) as start_time
        from page_views
        where start_time >= cast($data_since as timestamp)
    ) as beginnings
),

-- How long a block is, and how many whole ones there are. A day is not whole if the data begins after its first hour.
history as (
    select
        block_length.days,
        least(
            cast($blocks as integer),
            cast(floor(
                cast(
                    cast(cast($until as timestamp) as date) - cast(first_event.start_time + interval '23 hours' as date)
                    as double precision
                ) / block_length.days
            ) as integer) - 1
        ) as blocks
    from first_event
    cross join (
        select
            least(
                cast($days as integer),
                cast(cast(cast($until as timestamp) as date) - cast(cast($since as timestamp) as date) as integer)
            ) as days
    ) as block_length
),

-- Plays by how many blocks they lie before the last days.
plays as (
    select
        songplays.track_no,
        songplays.song_id,
        songplays.user_id,
        history.blocks,
        cast(ceil(
            date_part('epoch', cast($until as timestamp) - songplays.start_time) / (86400.0 * history.days)
        ) as integer) - 1 as block
    from songplays
    cross join history
    where
        songplays.start_time < cast($until as timestamp)
        and songplays.start_time
        >= cast($until as timestamp) - cast($days as integer) * (cast($blocks as integer) + 1) * interval '1 day'
        and (cast($level as varchar) is null or songplays.level = cast($level as varchar))
),

recent_songs as (
    select
        track_no,
        song_id,
        sum(case when block = 0 then 1 else 0 end) as recent_plays,
        sum(case when block > 0 then 1 else 0 end) as earlier_plays,
        count(distinct case when block = 0 then user_id end) as listeners
    from plays
    where block <= blocks
    group by track_no, song_id
),

compared as (
    select
        case when recent_songs.earlier_plays = 0 then 'new' else 'rising' end as kind,
        recent_songs.track_no,
        recent_songs.song_id,
        recent_songs.listeners,
        history.blocks,
        cast(recent_songs.recent_plays as double precision) as recent_plays,
        cast(recent_songs.earlier_plays as double precision) / history.blocks as mean_before
    from recent_songs
    cross join history
    where
        recent_songs.recent_plays >= cast($min_plays as integer)
        and history.blocks >= 1
),

-- Of new songs the plays themselves are the measure.
ranked as (
    select
        kind,
        track_no,
        song_id,
        listeners,
        blocks,
        recent_plays,
        mean_before,
        rank() over (
            partition by kind
            order by
                case when mean_before > 0 then recent_plays / mean_before else recent_plays end desc,
                listeners desc
        ) as kind_rank
    from compared
),

named as (
    select
        ranked.kind,
        ranked.kind_rank,
        tracks.song,
        tracks.artist,
        ranked.song_id,
        ranked.recent_plays,
        ranked.listeners,
        ranked.blocks,
        ranked.mean_before
    from ranked
    inner join tracks
        on tracks.track_no = ranked.track_no
    where ranked.kind_rank <= cast($top as integer)
)

select
    kind,
    kind_rank as rank,
    song,
    artist,
    song_id,
    cast(recent_plays as bigint) as recent_plays,
    listeners,
    blocks as blocks_before,
    mean_before,
    case when mean_before > 0 then recent_plays / mean_before end as ratio,
    case
        when mean_before > 0 and recent_plays > 0
            then recent_plays * power(1 - 1 / (9 * recent_plays) - 1.959963984540054 / (3 * sqrt(recent_plays)), 3)
            / mean_before
    end as ratio_low,
    case
        when mean_before > 0
            then (recent_plays + 1)
            * power(1 - 1 / (9 * (recent_plays + 1)) + 1.959963984540054 / (3 * sqrt(recent_plays + 1)), 3)
            / mean_before
    end as ratio_high
from named
order by kind desc, kind_rank, song collate "C", artist collate "C", song_id collate "C";
