-- Severity: blocking
-- Says: the level on a play is the one that user_levels has for that time
-- Remedy: rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events, if small
-- Of several events at one instant the last decides what user_levels holds, so the others are not judged by it.
with deviating as (
    select
        plays.songplay_id,
        plays.user_id,
        plays.start_time,
        plays.session_id,
        plays.item_in_session,
        plays.level,
        stays.level as level_of_stay
    from songplays as plays
    inner join user_levels as stays
        on stays.user_id = plays.user_id
        and plays.start_time >= stays.valid_from
        and plays.start_time < coalesce(stays.valid_to, timestamp '9999-12-31 00:00:00')
        and plays.level <> stays.level
    where plays.songplay_id between $sample_id and $last_id
),

outranked as (
    select deviating.songplay_id
    from deviating
    inner join songplays as later
        on later.user_id = deviating.user_id
        and later.start_time = deviating.start_time
        and later.level is not null
        and (
            later.session_id > deviating.session_id
            or (later.session_id = deviating.session_id and later.item_in_session > deviating.item_in_session)
        )
    union all
    select deviating.songplay_id
    from deviating
    inner join page_views as later
        on later.user_id = deviating.user_id
        and later.start_time = deviating.start_time
        and later.level is not null
        and (
            later.session_id > deviating.session_id
            or (later.session_id = deviating.session_id and later.item_in_session > deviating.item_in_session)
        )
)

select songplay_id, user_id, start_time, level, level_of_stay
from deviating
where not exists (select 1 from outranked where outranked.songplay_id = deviating.songplay_id)
order by songplay_id;
