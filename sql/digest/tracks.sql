-- Rows of tracks, and the sums of both halves of each row's hash, hexadecimal digits folded into decimal ones.
-- A text has its length before it.
with texts as (
    select
        cast(length(song) as varchar) || ':' || song
        || '|' || cast(length(artist) as varchar) || ':' || artist as row_text
    from tracks
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
