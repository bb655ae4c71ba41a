-- Rows of songplays, and the sums of both halves of each row's hash, hexadecimal digits folded into decimal ones.
-- A text has its length before it, a missing value is a dash, a number has 17 significant digits: all of a double's.
-- Surrogate ids are left out, and so is what serves later loads.
with texts as (
    select
        coalesce(cast(start_time as varchar), '-')
        || '|' || coalesce(cast(user_id as varchar), '-')
        || '|' || coalesce(cast(length(level) as varchar) || ':' || level, '-')
        || '|' || coalesce(cast(length(song_id) as varchar) || ':' || song_id, '-')
        || '|' || coalesce(cast(length(artist_id) as varchar) || ':' || artist_id, '-')
        || '|' || coalesce(cast(session_id as varchar), '-')
        || '|' || coalesce(cast(length(location) as varchar) || ':' || location, '-')
        || '|' || coalesce(cast(length(user_agent) as varchar) || ':' || user_agent, '-')
        || '|' || coalesce(cast(item_in_session as varchar), '-')
        || '|' || coalesce(cast(length(song) as varchar) || ':' || song, '-')
        || '|' || coalesce(cast(length(artist) as varchar) || ':' || artist, '-')
        || '|' || coalesce(
            case when length = 0 then '0' else printf('%.16e', length) end,
            '-'
        )
        || '|' || coalesce(cast(length(match_method) as varchar) || ':' || match_method, '-')
        || '|' || coalesce(cast(next_event_time as varchar), '-')
        || '|' || coalesce(cast(next_play_time as varchar), '-') as row_text
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
