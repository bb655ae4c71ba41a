-- The days of the window, those without events too. Made of digits. Grain: one day, in UTC.
with
days as (
    select cast(cast($since as timestamp) as date) + (a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n) as day
    from digits as a
    cross join digits as b
    cross join digits as c
    cross join digits as d
    cross join digits as e
    where
        a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n
        < cast(cast($until as timestamp) as date) - cast(cast($since as timestamp) as date)
)

select
    day
from days;
