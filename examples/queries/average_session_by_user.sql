-- How long does a user's session last on average, from its first play to its last? In minutes.
with sessions as (
    select
        user_id,
        session_id,
        count(*) as plays,
        extract(epoch from max(start_time) - min(start_time)) / 60.0 as minutes
    from songplays
    group by user_id, session_id
)

select
    users.user_id,
    users.first_name,
    users.last_name,
    count(*) as sessions,
    sum(sessions.plays) as plays,
    round(cast(avg(sessions.minutes) as decimal(18, 6)), 1) as average_minutes
from sessions
inner join users
    on users.user_id = sessions.user_id
group by users.user_id, users.first_name, users.last_name
order by average_minutes desc, users.user_id;
