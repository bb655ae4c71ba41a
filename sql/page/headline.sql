-- The numbers at the head of the report, over one window: one row.
with plays as (
    select
        user_id,
        session_id,
        song_id,
        level,
        length
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
),

sessions as (
    select count(*) as sessions
    from (
        select distinct
            user_id,
            session_id
        from plays
    ) as pairs
),

counts as (
    select
        count(*) as plays,
        count(distinct user_id) as listeners,
        count(song_id) as matched,
        coalesce(sum(case when level = 'paid' then 1 else 0 end), 0) as paid_plays,
        coalesce(sum(case when length > 0 then length end), 0) / 3600 as hours
    from plays
)

select
    counts.plays,
    counts.listeners,
    sessions.sessions,
    counts.matched,
    cast(counts.paid_plays as bigint) as paid_plays,
    cast(counts.hours as double precision) as hours
from counts
cross join sessions;
