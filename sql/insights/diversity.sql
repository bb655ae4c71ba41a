-- title: Diversity
-- answers: Do the keenest listeners play many artists, or the same songs again?
-- grain: one user, those with the most plays
-- unit: plays
-- chart: bars user_id repeat_rate
-- parameter: since
-- parameter: until
-- parameter: level
-- parameter: top integer 20 1..100000 : how many ranks to show; of equal ones so many that 100 rows are full
-- column: rank integer : place by plays; equal plays are the same place
-- column: user_id integer : the user
-- column: plays integer : plays in the window
-- column: artists integer : distinct artists, as the log names them
-- column: artists_per_play number.3 : artists by plays: 1 when every play is another artist
-- column: entropy number.2 : Shannon entropy of the plays over the artists, in bits
-- column: songs integer : distinct songs
-- column: repeat_rate share : part of the plays whose song the user had played in the window before
-- column: caution text : why not to rely on the row
with placed as (
    select
        user_id,
        plays,
        rank() over (order by plays desc) as user_rank
    from (
        select
            user_id,
            count(*) as plays
        from songplays
        where
            start_time >= cast($since as timestamp)
            and start_time < cast($until as timestamp)
            and (cast($level as varchar) is null or level = cast($level as varchar))
        group by user_id
    ) as users_listening
),

top_users as (
    select *
    from placed
    where user_rank <= cast($top as integer)
),

-- A user of one play has one song and one artist.
user_songs as (
    select
        songplays.user_id,
        songplays.track_no,
        songplays.song_id,
        count(*) as plays
    from songplays
    inner join top_users
        on top_users.user_id = songplays.user_id
    where
        top_users.plays > 1
        and songplays.start_time >= cast($since as timestamp)
        and songplays.start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or songplays.level = cast($level as varchar))
    group by songplays.user_id, songplays.track_no, songplays.song_id
),

user_artists as (
    select
        user_songs.user_id,
        tracks.artist,
        cast(sum(user_songs.plays) as double precision) as plays,
        count(*) as songs
    from user_songs
    inner join tracks
        on tracks.track_no = user_songs.track_no
    group by user_songs.user_id, tracks.artist
),

user_totals as (
    select
        user_id,
        count(*) as artists,
        sum(songs) as songs,
        -- Summed as plays times their logarithm, the entropy needs no second pass for the total.
        sum(plays * ln(plays)) as plays_ln
    from user_artists
    group by user_id
)

select
    top_users.user_rank as rank,
    top_users.user_id,
    top_users.plays,
    coalesce(user_totals.artists, 1) as artists,
    cast(coalesce(user_totals.artists, 1) as double precision) / top_users.plays as artists_per_play,
    (ln(cast(top_users.plays as double precision)) - coalesce(user_totals.plays_ln, 0) / top_users.plays)
    / ln(cast(2 as double precision)) as entropy,
    cast(coalesce(user_totals.songs, 1) as bigint) as songs,
    1 - cast(coalesce(user_totals.songs, 1) as double precision) / top_users.plays as repeat_rate,
    case when top_users.plays < 20 then 'fewer than 20 plays' end as caution
from top_users
left join user_totals
    on user_totals.user_id = top_users.user_id
where top_users.plays = 1 or user_totals.user_id is not null
order by top_users.user_rank, top_users.user_id;
