-- title: Top artists
-- answers: Which artists are played most, with how many songs, and by how many people?
-- grain: one artist: of the catalogue where the song or the name alone tells it, else as the log names it
-- unit: plays
-- chart: bars artist plays
-- shares: artist_names songs_played
-- parameter: since
-- parameter: until
-- parameter: level
-- parameter: top integer 20 1..100000 : how many ranks to show; equal ones are all shown
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
-- An artist is an id, or else a name: the other of the two is empty.
credited as (
    select
        songs_played.song_id,
        songs_played.song,
        songs_played.artist as log_name,
        songs_played.plays,
        artist_names.artist_id as named_artist_id,
        coalesce(songs.artist_id, artist_names.artist_id, '') as artist_id,
        case
            when coalesce(songs.artist_id, artist_names.artist_id) is null then songs_played.artist
            else ''
        end as artist_name
    from songs_played
    left join songs
        on songs.song_id = songs_played.song_id
    left join artist_names
        on artist_names.name = songs_played.artist
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

-- The ways in which plays name a candidate: an artist's id, or a name without one.
candidate_names as (
    select distinct
        candidates.artist_id,
        candidates.artist_name,
        credited.log_name,
        credited.named_artist_id
    from candidates
    inner join credited
        on
            credited.artist_id = candidates.artist_id
            and credited.artist_name = candidates.artist_name
),

artist_listeners as (
    select
        candidate_names.artist_id,
        candidate_names.artist_name,
        count(distinct songplays.user_id) as listeners
    from candidate_names
    inner join songplays
        on coalesce(songplays.artist, '') = candidate_names.log_name
    where
        coalesce(songplays.artist_id, candidate_names.named_artist_id, '') = candidate_names.artist_id
        and songplays.start_time >= cast($since as timestamp)
        and songplays.start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or songplays.level = cast($level as varchar))
    group by candidate_names.artist_id, candidate_names.artist_name
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
