-- title: Power users
-- answers: Who listens most, and how much of the listening is theirs?
-- grain: one user
-- unit: plays
-- sessions: matter
-- chart: lorenz users_share plays_share
-- note: A play is heard until the session's next event, at most its length; the last one of a session for its length.
-- note: Users are shown by number only: the report may travel.
-- shares: heard
-- parameter: since
-- parameter: until
-- parameter: level
-- parameter: top integer 20 1..100000 : how many ranks to show; of equal ones so many that 100 rows are full
-- column: rank integer : place by plays; equal plays are the same place
-- column: user_id integer : the user
-- column: plays integer : plays in the window
-- column: listen_hours number.2 : hours heard
-- column: last_plays integer : of the plays, the last of a session, whose end is not known
-- column: percentile share : part of the users with as many plays or fewer
-- column: users_share share : part of the users down to here
-- column: plays_share share : part of all plays that they made
with users_listening as (
    select
        user_id,
        count(*) as plays,
        sum(seconds) as listen_s,
        sum(is_last) as last_plays
    from heard
    where (cast($level as varchar) is null or level = cast($level as varchar))
    group by user_id
),

placed as (
    select
        user_id,
        plays,
        listen_s,
        last_plays,
        rank() over (order by plays desc) as user_rank,
        row_number() over (order by plays desc, user_id) as place,
        count(*) over () as users,
        sum(plays) over () as all_plays,
        sum(plays) over (order by plays desc, user_id rows between unbounded preceding and current row) as plays_so_far,
        cume_dist() over (order by plays) as percentile
    from users_listening
)

select
    user_rank as rank,
    user_id,
    plays,
    listen_s / 3600 as listen_hours,
    cast(last_plays as bigint) as last_plays,
    percentile,
    cast(place as double precision) / users as users_share,
    cast(plays_so_far as double precision) / cast(all_plays as double precision) as plays_share
from placed
where user_rank <= cast($top as integer)
order by place;
