-- title: Power users
-- answers: Who listens most, and how much of the listening is theirs?
-- grain: one user
-- unit: plays
-- sessions: matter
-- chart: lorenz users_share plays_share
-- note: A play is heard until the session's next event, at most its length; the last one of a session for its length.
-- note: Users are shown by number only: the report may travel.
-- parameter: since
-- parameter: until
-- parameter: level
-- parameter: top integer 20 1..100000 : how many ranks to show; equal ones are all shown
-- column: rank integer : place by plays; equal plays are the same place
-- column: user_id integer : the user
-- column: plays integer : plays in the window
-- column: listen_hours number.2 : hours heard
-- column: last_plays integer : of the plays, the last of a session, whose end is not known
-- column: percentile share : part of the users with as many plays or fewer
-- column: users_share share : part of the users down to here
-- column: plays_share share : part of all plays that they made
with
-- Every event of a session from the window's start on, so that a play's end is known beyond the window too.
-- The session's number comes first as one key is found faster than two; few numbers have several users.
events as (
    select user_id, session_id, start_time, item_in_session, level, length, 1 as is_play
    from songplays
    where start_time >= cast($since as timestamp)
    union all
    select user_id, session_id, start_time, item_in_session, null as level, null as length, 0 as is_play
    from page_views
    where
        start_time >= cast($since as timestamp)
        and user_id is not null
),

followed as (
    select
        user_id,
        start_time,
        level,
        is_play,
        case when length > 0 then length else 0 end as length,
        lead(user_id) over (
            partition by session_id
            order by user_id, start_time, item_in_session
        ) as next_user_id,
        lead(start_time) over (
            partition by session_id
            order by user_id, start_time, item_in_session
        ) as next_time
    from events
),

users_listening as (
    select
        user_id,
        count(*) as plays,
        sum(
            case
                when next_user_id = user_id and date_part('epoch', next_time - start_time) < length
                    then date_part('epoch', next_time - start_time)
                else length
            end
        ) as listen_s,
        sum(case when next_user_id = user_id then 0 else 1 end) as last_plays
    from followed
    where
        is_play = 1
        and start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
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
