-- title: Engagement by level and gender
-- answers: How much do free and paid users, men and women, listen?
-- grain: one level and gender
-- unit: plays
-- sessions: matter
-- chart: bars segment plays_per_user_day
-- note: A user counts in each level held in the window; plays count at the level on the event.
-- note: A play is heard until the session's next event, at most its length; the last one of a session for its length.
-- parameter: since
-- parameter: until
-- parameter: level
-- column: segment text : level and gender
-- column: level text : level on the plays
-- column: gender text : the users' gender
-- column: users integer : users with at least one play at the level
-- column: user_days integer : days on which they played, added up over users
-- column: plays integer : plays in the window
-- column: plays_per_user_day number.1 : plays by user_days
-- column: listen_minutes_per_user number.1 : minutes heard in the window by users
-- column: last_plays integer : of the plays, the last of a session, whose end is not known
-- column: caution text : why not to rely on the row
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

user_days as (
    select
        user_id,
        level,
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
    group by user_id, level, cast(start_time as date)
),

segments as (
    select
        coalesce(user_days.level, 'unknown') as level,
        coalesce(users.gender, 'unknown') as gender,
        count(distinct user_days.user_id) as users,
        count(*) as user_days,
        sum(user_days.plays) as plays,
        sum(user_days.listen_s) as listen_s,
        sum(user_days.last_plays) as last_plays
    from user_days
    left join users
        on users.user_id = user_days.user_id
    group by coalesce(user_days.level, 'unknown'), coalesce(users.gender, 'unknown')
)

select
    level || ' ' || gender as segment,
    level,
    gender,
    users,
    user_days,
    cast(plays as bigint) as plays,
    cast(plays as double precision) / user_days as plays_per_user_day,
    listen_s / 60 / users as listen_minutes_per_user,
    cast(last_plays as bigint) as last_plays,
    case when users < 5 then 'fewer than 5 users' end as caution
from segments
order by level collate "C", gender collate "C";
