-- Severity: blocking
-- Says: songplays and page_views together have as many rows as lines were accepted
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: always
with counted as (
    select count(*) as events
    from songplays
    union all
    select count(*) as events
    from page_views
),

held as (
    select sum(events) as events
    from counted
),

files as (
    select coalesce(sum(accepted), 0) as accepted
    from load_files
    where input <> 'song'
)

select files.accepted, held.events
from files
cross join held
where files.accepted <> held.events;
