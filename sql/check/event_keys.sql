-- Severity: blocking
-- Says: an event (user, session, item and time) is held once, in songplays or in page_views
-- Remedy: an event was loaded twice; rebuild with `sparkify load --full-refresh` (refuses where files are gone)
-- In a load: after events
with
-- Sessions are numbered one after the other, so that those of a day lie close together.
span as (
    select min(session_id) as low, max(session_id) as high
    from (
        select session_id from songplays where songplay_id between $sample_id and $last_id
        union all
        select session_id from page_views where view_id between $sample_id and $last_id
    ) as judged
),

-- Each item is a bit of a block of thirty: sum and union of the bits differ where an item is there twice, if at another
-- time or not. That takes a fraction of grouping the events.
crowded as (
    select user_id, session_id, block
    from (
        select
            user_id,
            session_id,
            block,
            cast(1 as bigint) << cast(item_in_session - block as integer) as bit
        from (
            select
                songplays.user_id,
                songplays.session_id,
                songplays.item_in_session,
                songplays.item_in_session - mod(abs(cast(songplays.item_in_session as bigint)), 30) as block
            from songplays
            inner join span
                on songplays.session_id between span.low and span.high
            union all
            select
                -- A visitor's event has no user.
                coalesce(page_views.user_id, -9223372036854775807 - 1) as user_id,
                page_views.session_id,
                page_views.item_in_session,
                page_views.item_in_session - mod(abs(cast(page_views.item_in_session as bigint)), 30) as block
            from page_views
            inner join span
                on page_views.session_id between span.low and span.high
        ) as items
    ) as bits
    group by user_id, session_id, block
    having sum(bit) <> bit_or(bit)
),

-- Their events are read once more: to keep all events for it takes longer.
suspects as (
    select distinct user_id, session_id
    from crowded
),

-- Where there are none it is one that nothing lies in.
suspect_span as (
    select
        coalesce(min(session_id), 9223372036854775807) as low,
        coalesce(max(session_id), -9223372036854775807) as high
    from suspects
),

held as (
    select
        songplays.songplay_id as event_id,
        songplays.start_time,
        songplays.user_id,
        songplays.session_id,
        songplays.item_in_session
    from songplays
    inner join suspect_span
        on songplays.session_id between suspect_span.low and suspect_span.high
    inner join suspects
        on suspects.session_id = songplays.session_id
        and suspects.user_id = songplays.user_id
    union all
    select
        page_views.view_id as event_id,
        page_views.start_time,
        coalesce(page_views.user_id, -9223372036854775807 - 1) as user_id,
        page_views.session_id,
        page_views.item_in_session
    from page_views
    inner join suspect_span
        on page_views.session_id between suspect_span.low and suspect_span.high
    inner join suspects
        on suspects.session_id = page_views.session_id
        and suspects.user_id = coalesce(page_views.user_id, -9223372036854775807 - 1)
),

pairs as (
    select
        judged.event_id,
        same.event_id as same_event_id,
        nullif(judged.user_id, -9223372036854775807 - 1) as user_id,
        judged.session_id,
        judged.item_in_session,
        judged.start_time
    from held as judged
    inner join held as same
        on same.start_time = judged.start_time
        and same.session_id = judged.session_id
        and same.item_in_session = judged.item_in_session
        and same.user_id = judged.user_id
    where judged.event_id between $sample_id and $last_id
)

select event_id, same_event_id, user_id, session_id, item_in_session, start_time
from pairs
where same_event_id < event_id or same_event_id > $last_id
order by event_id, same_event_id;
