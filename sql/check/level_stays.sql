-- Severity: blocking
-- Says: a user's stays in user_levels follow each other without overlap or gap, and the last one is the current one
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after events
with stays as (
    select
        user_id,
        level,
        valid_from,
        valid_to,
        is_current,
        lead(valid_from) over (partition by user_id order by valid_from, valid_to) as next_from,
        lead(level) over (partition by user_id order by valid_from, valid_to) as next_level
    from user_levels
)

select
    user_id,
    level,
    case
        when valid_to <= valid_from then 'ends before it begins'
        when is_current <> (valid_to is null) then 'is_current is wrong'
        when next_from is null then 'the last stay has an end'
        when valid_to is null or valid_to > next_from then 'overlaps the next one'
        when valid_to < next_from then 'leaves a gap before the next one'
        else 'the next one is at the same level'
    end as problem,
    valid_from,
    valid_to,
    next_from
from stays
where
    valid_to <= valid_from
    or is_current <> (valid_to is null)
    or (next_from is null and valid_to is not null)
    or (next_from is not null and (valid_to is null or valid_to <> next_from))
    or level = next_level
order by user_id, valid_from, valid_to;
