-- title: Top songs
-- answers: Which songs are played most, and by how many people?
-- grain: one song, of the catalogue or as the log names it
-- unit: plays
-- chart: bars song plays
-- shares: songs_played
-- parameter: since
-- parameter: until
-- parameter: level
-- parameter: top integer 20 1..100000 : how many ranks to show; of equal ones so many that 100 rows are full
-- column: rank integer : place by plays, then listeners; equal in both is the same place
-- column: song text : title
-- column: artist text : artist as the log names it
-- column: song_id text : song of the catalogue; empty where none was matched
-- column: plays integer : plays in the window
-- column: listeners integer : distinct users who played it
-- column: plays_per_listener number.2 : plays by listeners
-- column: share share : part of all plays in the window
with
-- Ties in plays stay in, so that the listeners can decide.
candidates as (
    select *
    from (
        select
            track_no,
            song_id,
            plays,
            sum(plays) over () as all_plays,
            rank() over (order by plays desc) as plays_rank
        from songs_played
    ) as by_plays
    where plays_rank <= cast($top as integer)
),

song_listeners as (
    select
        candidates.track_no,
        candidates.song_id,
        count(distinct songplays.user_id) as listeners
    from candidates
    inner join songplays
        on
            songplays.track_no = candidates.track_no
            and (
                songplays.song_id = candidates.song_id
                or songplays.song_id is null and candidates.song_id is null
            )
    where
        songplays.start_time >= cast($since as timestamp)
        and songplays.start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or songplays.level = cast($level as varchar))
    group by candidates.track_no, candidates.song_id
),

ranked as (
    select
        rank() over (order by candidates.plays desc, song_listeners.listeners desc) as song_rank,
        candidates.track_no,
        candidates.song_id,
        candidates.plays,
        song_listeners.listeners,
        candidates.all_plays
    from candidates
    inner join song_listeners
        on
            song_listeners.track_no = candidates.track_no
            and coalesce(song_listeners.song_id, '') = coalesce(candidates.song_id, '')
)

select
    ranked.song_rank as rank,
    tracks.song,
    tracks.artist,
    ranked.song_id,
    ranked.plays,
    ranked.listeners,
    cast(ranked.plays as double precision) / ranked.listeners as plays_per_listener,
    cast(ranked.plays as double precision) / cast(ranked.all_plays as double precision) as share
from ranked
inner join tracks
    on tracks.track_no = ranked.track_no
where ranked.song_rank <= cast($top as integer)
order by ranked.song_rank, tracks.song collate "C", tracks.artist collate "C", ranked.song_id collate "C";
