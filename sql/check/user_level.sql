-- Severity: blocking
-- Says: the level of a user is that of the latest event, ordered by time, session and item
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after events, if small
with latest as (
    select songplays.user_id, songplays.level, songplays.session_id, songplays.item_in_session
    from songplays
    inner join users
        on users.user_id = songplays.user_id
        and users.last_seen_at = songplays.start_time
    union all
    select page_views.user_id, page_views.level, page_views.session_id, page_views.item_in_session
    from page_views
    inner join users
        on users.user_id = page_views.user_id
        and users.last_seen_at = page_views.start_time
),

ranked as (
    select
        user_id,
        level,
        row_number() over (partition by user_id order by session_id desc, item_in_session desc) as place
    from latest
)

select users.user_id, users.level, ranked.level as level_of_latest_event
from users
inner join ranked
    on ranked.user_id = users.user_id
    and ranked.place = 1
where coalesce(users.level, '') <> coalesce(ranked.level, '')
order by users.user_id;
