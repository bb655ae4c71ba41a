-- Rows of songs, and the sums of both halves of each row's hash, hexadecimal digits folded into decimal ones.
-- A text has its length before it, a missing value is a dash, a number has 17 significant digits: all of a double's.
with texts as (
    select
        coalesce(cast(length(song_id) as varchar) || ':' || song_id, '-')
        || '|' || coalesce(cast(length(title) as varchar) || ':' || title, '-')
        || '|' || coalesce(cast(length(artist_id) as varchar) || ':' || artist_id, '-')
        || '|' || coalesce(cast(year as varchar), '-')
        || '|' || coalesce(
            case when duration = 0 then '0' else trim(to_char(duration, '9.9999999999999999eeee')) end,
            '-'
        )
        || '|' || coalesce(cast(length(artist_name) as varchar) || ':' || artist_name, '-') as row_text
    from songs
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
