-- First and last time of the events held from $first_time to $last_time.
with bounds as (
    select min(start_time) as low, max(start_time) as high
    from songplays
    where start_time between $first_time and $last_time
    union all
    select min(start_time) as low, max(start_time) as high
    from page_views
    where start_time between $first_time and $last_time
)

select min(low) as low, max(high) as high
from bounds;
