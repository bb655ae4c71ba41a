-- Each user's latest event among the staged ones.
insert into staged_users
with ranked as (
    select
        user_id,
        first_name,
        last_name,
        gender,
        level,
        timestamp 'epoch' + registration / 1000.0 * interval '1 second' as registered_at,
        ts,
        session_id,
        item_in_session,
        row_number() over (
            partition by user_id
            order by ts desc, session_id desc, item_in_session desc
        ) as place
    from staged_events
    where user_id is not null
)

select user_id, first_name, last_name, gender, level, registered_at, ts, session_id, item_in_session
from ranked
where place = 1;
