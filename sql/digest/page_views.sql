-- Rows of page_views, and the sums of both halves of each row's hash, hexadecimal digits folded into decimal ones.
-- A text has its length before it, a missing value is a dash.
-- Surrogate ids are left out, and so is what serves later loads.
with texts as (
    select
        coalesce(cast(start_time as varchar), '-')
        || '|' || coalesce(cast(user_id as varchar), '-')
        || '|' || coalesce(cast(length(level) as varchar) || ':' || level, '-')
        || '|' || coalesce(cast(session_id as varchar), '-')
        || '|' || coalesce(cast(item_in_session as varchar), '-')
        || '|' || coalesce(cast(length(page) as varchar) || ':' || page, '-')
        || '|' || coalesce(cast(length(method) as varchar) || ':' || method, '-')
        || '|' || coalesce(cast(status as varchar), '-')
        || '|' || coalesce(cast(length(auth) as varchar) || ':' || auth, '-')
        || '|' || coalesce(cast(length(location) as varchar) || ':' || location, '-')
        || '|' || coalesce(cast(length(user_agent) as varchar) || ':' || user_agent, '-') as row_text
    from page_views
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
