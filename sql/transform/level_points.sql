-- The instants that decide the staged users' levels from their first staged event on. For a user of whom nothing
-- later was known these are the staged ones; for late events, all that the facts hold from there on ($first_time bounds
-- how far back that can be). Of several events at one instant the last decides.
create temporary table level_points as
with arrivals as (
    select user_id, min(start_time) as since
    from staged_levels
    group by user_id
),

late as (
    select arrivals.user_id, arrivals.since
    from arrivals
    inner join users
        on users.user_id = arrivals.user_id
        and users.last_seen_at >= arrivals.since
),

events as (
    select songplays.user_id, start_time, session_id, item_in_session, level
    from songplays
    inner join late
        on late.user_id = songplays.user_id
        and songplays.start_time >= late.since
    where songplays.start_time >= $first_time and level is not null
    union all
    select page_views.user_id, start_time, session_id, item_in_session, level
    from page_views
    inner join late
        on late.user_id = page_views.user_id
        and page_views.start_time >= late.since
    where page_views.start_time >= $first_time and level is not null
),

ranked as (
    select
        user_id,
        start_time,
        level,
        row_number() over (
            partition by user_id, start_time
            order by session_id desc, item_in_session desc
        ) as place
    from events
)

select user_id, start_time, level
from ranked
where place = 1
union all
select user_id, start_time, level
from staged_levels
where not exists (select 1 from late where late.user_id = staged_levels.user_id);
