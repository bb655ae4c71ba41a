-- Severity: blocking
-- Says: the surrogate ids of songplays and page_views are unique
-- Remedy: a row is there twice; rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events
with ids as (
    select songplay_id as event_id
    from songplays
    where songplay_id between $sample_id and $last_id
    union all
    select view_id as event_id
    from page_views
    where view_id between $sample_id and $last_id
)

select event_id, count(*) as times
from ids
group by event_id
having count(*) > 1
order by event_id;
