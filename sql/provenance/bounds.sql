-- From when to when the warehouse has events: one row, empty values without any.
select
    min(start_time) as first_time,
    max(start_time) as last_time
from (
    select
        min(start_time) as start_time
    from songplays
    union all
    select
        max(start_time) as start_time
    from songplays
    union all
    select
        min(start_time) as start_time
    from page_views
    union all
    select
        max(start_time) as start_time
    from page_views
) as ends;
