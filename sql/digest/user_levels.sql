-- Rows of user_levels, and the sums of both halves of each row's hash, hexadecimal digits folded into decimal ones.
-- A text has its length before it, a missing value is a dash.
with texts as (
    select
        coalesce(cast(user_id as varchar), '-')
        || '|' || coalesce(cast(length(level) as varchar) || ':' || level, '-')
        || '|' || coalesce(cast(valid_from as varchar), '-')
        || '|' || coalesce(cast(valid_to as varchar), '-')
        || '|' || case when is_current then 't' else 'f' end as row_text
    from user_levels
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
