-- title: What is played after whom
-- answers: Which artists follow each other in a session more often than by chance?
-- grain: one artist and the artist of the session's next play
-- unit: transitions
-- sessions: matter
-- chart: none
-- note: A transition is a play and the next one of its session; from an artist to itself it counts in the totals only.
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
with artist_numbers as (
    select
        artist,
        cast(row_number() over (order by artist) as integer) as artist_no
    from (
        select distinct coalesce(artist, '') as artist
        from songplays
        where
            start_time >= cast($since as timestamp)
            and start_time < cast($until as timestamp)
            and (cast($level as varchar) is null or level = cast($level as varchar))
    ) as names
),

plays as (
    select
        songplays.user_id,
        songplays.session_id,
        songplays.start_time,
        songplays.item_in_session,
        artist_numbers.artist_no
    from songplays
    inner join artist_numbers
        on artist_numbers.artist = coalesce(songplays.artist, '')
    where
        songplays.start_time >= cast($since as timestamp)
        and songplays.start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or songplays.level = cast($level as varchar))
),

followed as (
    select
        user_id,
        artist_no,
        lead(user_id) over (
            partition by session_id
            order by user_id, start_time, item_in_session
        ) as next_user_id,
        lead(artist_no) over (
            partition by session_id
            order by user_id, start_time, item_in_session
        ) as next_artist_no
    from plays
),

pairs as (
    select
        artist_no,
        next_artist_no,
        count(*) as transitions
    from followed
    where next_user_id = user_id
    group by artist_no, next_artist_no
),

from_artists as (
    select
        artist_no,
        cast(sum(transitions) as double precision) as transitions
    from pairs
    group by artist_no
),

to_artists as (
    select
        next_artist_no,
        cast(sum(transitions) as double precision) as transitions
    from pairs
    group by next_artist_no
),

totals as (
    select sum(transitions) as transitions
    from from_artists
),

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
        on to_artists.next_artist_no = pairs.next_artist_no
    cross join totals
    where
        pairs.transitions >= cast($min_support as integer)
        and pairs.artist_no <> pairs.next_artist_no
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
inner join artist_numbers as artists_from
    on artists_from.artist_no = ranked.artist_no
inner join artist_numbers as artists_to
    on artists_to.artist_no = ranked.next_artist_no
where ranked.pair_rank <= cast($top as integer)
order by ranked.pair_rank, artists_from.artist collate "C", artists_to.artist collate "C";
