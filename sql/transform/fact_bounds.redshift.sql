-- First and last time of the events held from $1 to $2.
with bounds as (
    select min(start_time) as low, max(start_time) as high
    from songplays
    where start_time between $1 and $2
    union all
    select min(start_time) as low, max(start_time) as high
    from page_views
    where start_time between $1 and $2
)

select min(low) as low, max(high) as high
from bounds;
