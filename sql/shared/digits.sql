-- The digits, of which spines are made: no engine's own way to count is known to all. Grain: one digit.
with
digits as (
    select 0 as n
    union all select 1
    union all select 2
    union all select 3
    union all select 4
    union all select 5
    union all select 6
    union all select 7
    union all select 8
    union all select 9
)

select
    n
from digits;
