select
    level,
    count(*) as plays,
    count(distinct user_id) as listeners,
    round(count(*) * 1.0 / count(distinct user_id), 1) as plays_per_listener
from songplays
group by level
order by level;
