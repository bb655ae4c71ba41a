-- First and last time of all events held.
with bounds as (
    select min(start_time) as low, max(start_time) as high
    from songplays
    union all
    select min(start_time) as low, max(start_time) as high
    from page_views
)

select min(low) as low, max(high) as high
from bounds;
