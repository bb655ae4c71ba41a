-- title: Top artists
-- answers: Which artists are played most, with how many songs, and by how many people?
-- grain: one artist: of the catalogue if the song or the name alone identifies it, else as the log names it
-- unit: plays
-- chart: bars artist plays
-- shares: artist_names songs_played
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
-- An artist is an id, or else a name: the other of the two is empty. The log's name is looked up only if no song
-- identifies the artist.
credited as (
    select
        songs_played.track_no,
        songs_played.song_id,
        songs_played.plays,
        tracks.song,
        coalesce(songs.artist_id, artist_names.artist_id, '') as artist_id,
        case
            when coalesce(songs.artist_id, artist_names.artist_id) is null then tracks.artist
            else ''
        end as artist_name
    from songs_played
    inner join tracks
        on tracks.track_no = songs_played.track_no
    left join songs
        on songs.song_id = songs_played.song_id
    left join artist_names
        on artist_names.name = case when songs.artist_id is null then tracks.artist end
),

artists_played as (
    select
        artist_id,
        artist_name,
        sum(plays) as plays,
        sum(case when song_id is null then 0 else plays end) as matched_plays,
        count(distinct song) as songs
    from credited
    group by artist_id, artist_name
),

candidates as (
    select *
    from (
        select
            artist_id,
            artist_name,
            plays,
            matched_plays,
            songs,
            sum(plays) over () as all_plays,
            rank() over (order by plays desc) as plays_rank
        from artists_played
    ) as by_plays
    where
        plays_rank <= cast($top as integer)
        and plays >= cast($min_plays as integer)
),

-- What the candidates' plays are of. Not by a join: DuckDB expects more rows of it than there are plays, and would then
-- hash all plays instead of these few.
candidate_songs as (
    select
        artist_id,
        artist_name,
        track_no,
        song_id
    from credited
    where
        exists (
            select 1
            from candidates
            where
                candidates.artist_id = credited.artist_id
                and candidates.artist_name = credited.artist_name
        )
),

artist_listeners as (
    select
        candidate_songs.artist_id,
        candidate_songs.artist_name,
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
    group by candidate_songs.artist_id, candidate_songs.artist_name
),

ranked as (
    select
        rank() over (order by candidates.plays desc, artist_listeners.listeners desc) as artist_rank,
        coalesce(artists.name, candidates.artist_name) as artist,
        artists.artist_id,
        candidates.plays,
        candidates.matched_plays,
        candidates.songs,
        candidates.all_plays,
        artist_listeners.listeners
    from candidates
    inner join artist_listeners
        on
            artist_listeners.artist_id = candidates.artist_id
            and artist_listeners.artist_name = candidates.artist_name
    left join artists
        on artists.artist_id = candidates.artist_id
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
from ranked
where artist_rank <= cast($top as integer)
order by artist_rank, artist collate "C", artist_id collate "C";
