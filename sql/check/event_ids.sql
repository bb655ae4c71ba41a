-- Severity: blocking
-- Says: the surrogate ids of songplays and page_views are unique
-- Remedy: a row is there twice; rebuild with `sparkify load --full-refresh` (refuses where files are gone)
-- In a load: after events
with
-- Each id is a bit of a block of sixty: sum and union of the bits differ where one is there twice. That takes a
-- fraction of grouping the ids.
crowded as (
    select block
    from (
        select block, cast(1 as bigint) << cast(event_id - block as integer) as bit
        from (
            select songplay_id as event_id, songplay_id - mod(songplay_id, 60) as block
            from songplays
            where songplay_id between $sample_id and $last_id
            union all
            select view_id as event_id, view_id - mod(view_id, 60) as block
            from page_views
            where view_id between $sample_id and $last_id
        ) as ids
    ) as bits
    group by block
    having sum(bit) <> bit_or(bit)
),

-- Their ids are read anew: to keep all of them for it takes longer. Where there are none the span is one that nothing
-- lies in.
suspect_span as (
    select
        coalesce(min(block), 9223372036854775807) as low,
        coalesce(max(block) + 59, -9223372036854775807) as high
    from crowded
)

select event_id, count(*) as times
from (
    select songplays.songplay_id as event_id
    from songplays
    inner join suspect_span
        on songplays.songplay_id between suspect_span.low and suspect_span.high
    union all
    select page_views.view_id as event_id
    from page_views
    inner join suspect_span
        on page_views.view_id between suspect_span.low and suspect_span.high
) as suspects
group by event_id
having count(*) > 1
order by event_id;
