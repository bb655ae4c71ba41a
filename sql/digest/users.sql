-- Rows of users, and the sums of both halves of each row's hash, hexadecimal digits folded into decimal ones.
-- A text has its length before it, a missing value is a dash.
with texts as (
    select
        coalesce(cast(user_id as varchar), '-')
        || '|' || coalesce(cast(length(first_name) as varchar) || ':' || first_name, '-')
        || '|' || coalesce(cast(length(last_name) as varchar) || ':' || last_name, '-')
        || '|' || coalesce(cast(length(gender) as varchar) || ':' || gender, '-')
        || '|' || coalesce(cast(length(level) as varchar) || ':' || level, '-')
        || '|' || coalesce(cast(registered_at as varchar), '-')
        || '|' || coalesce(cast(last_seen_at as varchar), '-') as row_text
    from users
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
