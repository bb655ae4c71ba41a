-- First and last time of the events held from $1 to $2, in milliseconds since 1970.
with bounds as (
    select min(start_time) as low, max(start_time) as high
    from songplays
    where start_time between $1 and $2
    union all
    select min(start_time) as low, max(start_time) as high
    from page_views
    where start_time between $1 and $2
)

select
    cast(extract(epoch from min(low)) * 1000 as bigint) as low_ms,
    cast(extract(epoch from max(high)) * 1000 as bigint) as high_ms
from bounds;
