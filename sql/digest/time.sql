-- Rows of time, and the sums of both halves of each row's hash, hexadecimal digits folded into decimal ones.
-- A text has its length before it, a missing value is a dash.
with texts as (
    select
        coalesce(cast(start_time as varchar), '-')
        || '|' || coalesce(cast(hour as varchar), '-')
        || '|' || coalesce(cast(day as varchar), '-')
        || '|' || coalesce(cast(week as varchar), '-')
        || '|' || coalesce(cast(month as varchar), '-')
        || '|' || coalesce(cast(year as varchar), '-')
        || '|' || coalesce(cast(weekday as varchar), '-') as row_text
    from time
),

hashed as (
    select md5(row_text) as row_hash
    from texts
)

select
    count(*) as row_count,
    coalesce(sum(cast(translate(substring(row_hash, 1, 16), 'abcdef', '012345') as bigint)), 0) as first_sum,
    coalesce(sum(cast(translate(substring(row_hash, 17, 16), 'abcdef', '012345') as bigint)), 0) as second_sum
from hashed;
