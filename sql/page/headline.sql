-- The numbers at the head of the report, over one window: one row.
with sessions as (
    select
        user_id,
        session_id,
        count(*) as plays,
        count(song_id) as matched,
        count(case when level = 'paid' then 1 end) as paid_plays,
        sum(case when length > 0 then length end) as seconds
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
    group by user_id, session_id
)

select
    cast(coalesce(sum(plays), 0) as bigint) as plays,
    count(distinct user_id) as listeners,
    count(*) as sessions,
    cast(coalesce(sum(matched), 0) as bigint) as matched,
    cast(coalesce(sum(paid_plays), 0) as bigint) as paid_plays,
    cast(coalesce(sum(seconds), 0) / 3600 as double precision) as hours
from sessions;
