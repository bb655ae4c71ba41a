-- title: Top artists
-- answers: Which artists are played most, with how many songs, and by how many people?
-- grain: one artist: of the catalogue if the song or the name alone identifies it, else as the log names it
-- unit: plays
-- chart: bars artist plays
-- shares: artist_names songs_played credited
-- parameter: since
-- parameter: until
-- parameter: level
-- parameter: top integer 20 1..100000 : how many ranks to show; of equal ones so many that 100 rows are full
-- parameter: min_plays integer 1 1..1000000 : leave out artists with fewer plays
-- column: rank integer : place by plays, then listeners; equal in both is the same place
-- column: artist text : name in the catalogue, or in the log
-- column: artist_id text : artist of the catalogue; empty where the log's name is not in it or is shared
-- column: plays integer : plays in the window
-- column: matched_plays integer : of these, plays of a song of the catalogue
-- column: listeners integer : distinct users who played the artist
-- column: plays_per_listener number.2 : plays by listeners
-- column: songs integer : distinct songs played
-- column: plays_per_song number.2 : plays by songs
-- column: share share : part of all plays in the window
with
artists_played as (
    select
        artist_no,
        min(artist_id collate "C") as artist_id,
        sum(plays) as plays,
        sum(case when song_id is null then 0 else plays end) as matched_plays
    from credited
    group by artist_no
),

candidates as (
    select *
    from (
        select
            artist_no,
            artist_id,
            plays,
            matched_plays,
            sum(plays) over () as all_plays,
            rank() over (order by plays desc) as plays_rank
        from artists_played
    ) as by_plays
    where
        plays_rank <= cast($top as integer)
        and plays >= cast($min_plays as integer)
),

-- What the candidates' plays are of. An artist of one play has one song and one listener, so that ties in one play
-- need no look. Not by a join: DuckDB expects more rows of it than there are plays, and would then hash all plays
-- instead of these few.
candidate_songs as (
    select
        artist_no,
        track_no,
        song_id
    from credited
    where
        exists (
            select 1
            from candidates
            where
                candidates.artist_no = credited.artist_no
                and candidates.plays > 1
        )
),

artist_songs as (
    select
        candidate_songs.artist_no,
        count(distinct tracks.song) as songs
    from candidate_songs
    inner join tracks
        on tracks.track_no = candidate_songs.track_no
    group by candidate_songs.artist_no
),

artist_listeners as (
    select
        candidate_songs.artist_no,
        count(distinct songplays.user_id) as listeners
    from candidate_songs
    inner join songplays
        on
            songplays.track_no = candidate_songs.track_no
            and (
                songplays.song_id = candidate_songs.song_id
                or songplays.song_id is null and candidate_songs.song_id is null
            )
    where
        songplays.start_time >= cast($since as timestamp)
        and songplays.start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or songplays.level = cast($level as varchar))
    group by candidate_songs.artist_no
),

measured as (
    select
        candidates.artist_no,
        candidates.artist_id,
        candidates.plays,
        candidates.matched_plays,
        candidates.all_plays,
        coalesce(artist_listeners.listeners, 1) as listeners,
        coalesce(artist_songs.songs, 1) as songs
    from candidates
    left join artist_listeners
        on artist_listeners.artist_no = candidates.artist_no
    left join artist_songs
        on artist_songs.artist_no = candidates.artist_no
),

ranked as (
    select
        rank() over (order by plays desc, listeners desc) as artist_rank,
        artist_no,
        artist_id,
        plays,
        matched_plays,
        all_plays,
        listeners,
        songs
    from measured
),

named as (
    select
        ranked.artist_rank,
        coalesce(artists.name, case when ranked.artist_id is null then tracks.artist else '' end) as artist,
        artists.artist_id,
        ranked.plays,
        ranked.matched_plays,
        ranked.all_plays,
        ranked.listeners,
        ranked.songs
    from ranked
    inner join tracks
        on tracks.track_no = ranked.artist_no
    left join artists
        on artists.artist_id = ranked.artist_id
    where ranked.artist_rank <= cast($top as integer)
)

select
    artist_rank as rank,
    artist,
    artist_id,
    cast(plays as bigint) as plays,
    cast(matched_plays as bigint) as matched_plays,
    listeners,
    cast(plays as double precision) / listeners as plays_per_listener,
    songs,
    cast(plays as double precision) / songs as plays_per_song,
    cast(plays as double precision) / cast(all_plays as double precision) as share
from named
order by artist_rank, artist collate "C", artist_id collate "C";
