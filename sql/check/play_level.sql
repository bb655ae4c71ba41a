-- Severity: blocking
-- Says: the level on a play is the one that user_levels has for that time
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after events, if small
-- Of several events at one instant the last decides what user_levels holds, so the others are not judged by it.
with
-- Few of the days on which a user played have a stay of another level that they touch.
days as (
    select
        user_id,
        level,
        cast(start_time as date) as day,
        min(start_time) as first_time,
        max(start_time) as last_time
    from songplays
    where songplay_id between $sample_id and $last_id
    group by user_id, level, cast(start_time as date)
),

days_in_question as (
    select
        days.user_id,
        days.level,
        days.day,
        stays.level as level_of_stay,
        stays.valid_from,
        coalesce(stays.valid_to, timestamp '9999-12-31 00:00:00') as valid_to
    from days
    inner join user_levels as stays
        on stays.user_id = days.user_id
        and stays.level <> days.level
        and days.last_time >= stays.valid_from
        and days.first_time < coalesce(stays.valid_to, timestamp '9999-12-31 00:00:00')
),

deviating as (
    select
        plays.songplay_id,
        plays.user_id,
        plays.start_time,
        plays.session_id,
        plays.item_in_session,
        plays.level,
        days_in_question.level_of_stay
    from songplays as plays
    inner join days_in_question
        on days_in_question.user_id = plays.user_id
        and days_in_question.level = plays.level
        and days_in_question.day = cast(plays.start_time as date)
        and plays.start_time >= days_in_question.valid_from
        and plays.start_time < days_in_question.valid_to
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
