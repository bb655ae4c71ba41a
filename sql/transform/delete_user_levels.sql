-- What level_stays replaces: everything from each user's first rewritten stay on.
delete from user_levels
using (
    select user_id, min(valid_from) as since
    from level_stays
    group by user_id
) as rewritten
where
    rewritten.user_id = user_levels.user_id
    and user_levels.valid_from >= rewritten.since;
