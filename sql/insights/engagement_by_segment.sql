-- title: Engagement by level and gender
-- answers: How much do free and paid users, men and women, listen?
-- grain: one level and gender
-- unit: plays
-- sessions: matter
-- chart: bars segment plays_per_user_day
-- note: A user counts in each level held in the window; plays count at the level on the event.
-- note: A play is heard until the session's next event, at most its length; the last one of a session for its length.
-- shares: heard
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
with user_days as (
    select
        user_id,
        level,
        count(*) as plays,
        sum(seconds) as listen_s,
        sum(is_last) as last_plays
    from heard
    where (cast($level as varchar) is null or level = cast($level as varchar))
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
