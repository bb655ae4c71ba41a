-- First and last time of all events held, in milliseconds since 1970.
with bounds as (
    select min(start_time) as low, max(start_time) as high
    from songplays
    union all
    select min(start_time) as low, max(start_time) as high
    from page_views
)

select
    epoch_ms(min(low)) as low_ms,
    epoch_ms(max(high)) as high_ms
from bounds;
