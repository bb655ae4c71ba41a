-- Severity: warning
-- Says: levels are free or paid
-- Remedy: read the lines with `sparkify explain play`; add a new level wherever levels are compared
with levels as (
    select 'songplays' as table_name, level, count(*) as events
    from songplays
    group by level
    union all
    select 'page_views' as table_name, level, count(*) as events
    from page_views
    group by level
    union all
    select 'user_levels' as table_name, level, count(*) as events
    from user_levels
    group by level
)

select table_name, level, events as times
from levels
where level not in ('free', 'paid')
order by table_name collate "C", level collate "C";
