-- How many of the staged events are there more than once, or are held already. $first_time and $last_time bound their
-- times.
with repeated as (
    select user_id, session_id, item_in_session, ts
    from staged_events
    group by user_id, session_id, item_in_session, ts
    having count(*) > 1
),

known as (
    select start_time, user_id, session_id, item_in_session
    from songplays
    where start_time between $first_time and $last_time
    union all
    select start_time, user_id, session_id, item_in_session
    from page_views
    where start_time between $first_time and $last_time
),

held as (
    select staged.event_id
    from staged_events as staged
    inner join known
        on known.start_time = staged.ts
        and known.session_id = staged.session_id
        and known.item_in_session = staged.item_in_session
        and coalesce(known.user_id, -9223372036854775807 - 1) = coalesce(staged.user_id, -9223372036854775807 - 1)
)

select
    (select count(*) from repeated) as repeated_events,
    (select count(*) from held) as held_events;
