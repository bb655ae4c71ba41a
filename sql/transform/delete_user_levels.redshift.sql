-- What level_stays replaces: everything from each user's first rewritten stay on.
delete from user_levels
using level_stays
where
    level_stays.user_id = user_levels.user_id
    and user_levels.valid_from >= level_stays.valid_from;
