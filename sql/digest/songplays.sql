-- Rows of songplays, and the sums of both halves of each row's hash, hexadecimal digits folded into decimal ones.
-- A text has its length before it, a missing value is a dash, a number has 17 significant digits: all of a double's.
-- Surrogate ids are left out, and so is what serves later loads.
with texts as (
    select
        /* @fields songplays.content by || '|' ||
        text: coalesce(cast(length({column}) as varchar) || ':' || {column}, '-')
        double: coalesce(case when {column} = 0 then '0' else printf('%.16e', {column}) end, '-')
        any: coalesce(cast({column} as varchar), '-') */ as row_text
    from songplays
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
