insert into user_levels
select
    user_id,
    level,
    valid_from,
    valid_to,
    valid_to is null as is_current
from level_stays;
