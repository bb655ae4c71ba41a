-- title: What is played after whom
-- answers: Which artists follow each other in a session more often than by chance?
-- grain: one artist and the artist of the session's next play
-- unit: transitions
-- sessions: matter
-- chart: none
-- note: A transition is a play and the next one of its session; from an artist to itself it counts in the totals only.
-- note: With a level asked for, the first of the two plays is at that level; the next one may be at another.
-- parameter: since
-- parameter: until
-- parameter: level
-- parameter: top integer 20 1..100000 : how many pairs to show
-- parameter: min_support integer 5 1..1000000 : fewest transitions of a pair
-- column: rank integer : place by lift, then transitions; equal in both is the same place
-- column: artist text : artist, as the log names it
-- column: next_artist text : artist of the next play
-- column: transitions integer : how often
-- column: expected number.1 : how often if the next artist did not depend on the last
-- column: lift number.2 : transitions by expected
-- column: confidence share : part of what follows the artist
with
-- To count the tracks first takes less than to keep all pairs, most of which have too few transitions.
tracks_left as (
    select
        track_no,
        count(*) as transitions
    from songplays
    where
        start_time >= cast($since as timestamp)
        and next_play_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
    group by track_no
),

tracks_reached as (
    select
        next_track_no as track_no,
        count(*) as transitions
    from songplays
    where
        start_time >= cast($since as timestamp)
        and next_play_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
    group by next_track_no
),

-- The tracks that the window knows; an artist is the least number of theirs.
window_tracks as (
    select
        tracks.track_no,
        tracks.artist
    from tracks
    inner join (
        select track_no from tracks_left
        union
        select track_no from tracks_reached
    ) as tracks_heard
        on tracks_heard.track_no = tracks.track_no
),

track_artists as (
    select
        window_tracks.track_no,
        artists_heard.artist_no
    from window_tracks
    inner join (
        select
            artist,
            min(track_no) as artist_no
        from window_tracks
        group by artist
    ) as artists_heard
        on artists_heard.artist = window_tracks.artist
),

pairs as (
    select
        from_tracks.artist_no,
        to_tracks.artist_no as next_artist_no,
        count(*) as transitions
    from songplays
    inner join track_artists as from_tracks
        on from_tracks.track_no = songplays.track_no
    inner join track_artists as to_tracks
        on to_tracks.track_no = songplays.next_track_no
    where
        songplays.start_time >= cast($since as timestamp)
        and songplays.next_play_time < cast($until as timestamp)
        and (cast($level as varchar) is null or songplays.level = cast($level as varchar))
    group by from_tracks.artist_no, to_tracks.artist_no
    having count(*) >= cast($min_support as integer)
),

from_artists as (
    select
        track_artists.artist_no,
        cast(sum(tracks_left.transitions) as double precision) as transitions
    from tracks_left
    inner join track_artists
        on track_artists.track_no = tracks_left.track_no
    group by track_artists.artist_no
),

to_artists as (
    select
        track_artists.artist_no,
        cast(sum(tracks_reached.transitions) as double precision) as transitions
    from tracks_reached
    inner join track_artists
        on track_artists.track_no = tracks_reached.track_no
    group by track_artists.artist_no
),

totals as (
    select sum(transitions) as transitions
    from from_artists
),

-- An artist after itself is left out here: among the conditions of the pairs, it would slow their joins down.
measured as (
    select
        pairs.artist_no,
        pairs.next_artist_no,
        cast(pairs.transitions as double precision) as transitions,
        from_artists.transitions as from_artist,
        from_artists.transitions * to_artists.transitions / totals.transitions as expected
    from pairs
    inner join from_artists
        on from_artists.artist_no = pairs.artist_no
    inner join to_artists
        on
            to_artists.artist_no = pairs.next_artist_no
            and to_artists.artist_no <> pairs.artist_no
    cross join totals
),

ranked as (
    select
        artist_no,
        next_artist_no,
        transitions,
        from_artist,
        expected,
        rank() over (order by transitions / expected desc, transitions desc) as pair_rank
    from measured
)

select
    ranked.pair_rank as rank,
    artists_from.artist,
    artists_to.artist as next_artist,
    cast(ranked.transitions as bigint) as transitions,
    ranked.expected,
    ranked.transitions / ranked.expected as lift,
    ranked.transitions / ranked.from_artist as confidence
from ranked
inner join tracks as artists_from
    on artists_from.track_no = ranked.artist_no
inner join tracks as artists_to
    on artists_to.track_no = ranked.next_artist_no
where ranked.pair_rank <= cast($top as integer)
order by ranked.pair_rank, artists_from.artist collate "C", artists_to.artist collate "C";
