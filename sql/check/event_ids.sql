-- Severity: blocking
-- Says: the surrogate ids of songplays and page_views are unique
-- Remedy: a row is there twice; rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events
with ids as (
    select songplay_id as event_id, songplay_id - mod(songplay_id, 30) as block
    from songplays
    where songplay_id between $sample_id and $last_id
    union all
    select view_id as event_id, view_id - mod(view_id, 30) as block
    from page_views
    where view_id between $sample_id and $last_id
),

-- Each id is a bit of a block of thirty: sum and union of the bits differ where one is there twice. That takes a
-- fraction of grouping the ids.
crowded as (
    select block
    from (
        select block, cast(1 as bigint) << cast(event_id - block as integer) as bit
        from ids
    ) as bits
    group by block
    having sum(bit) <> bit_or(bit)
)

select ids.event_id, count(*) as times
from ids
inner join crowded
    on crowded.block = ids.block
group by ids.event_id
having count(*) > 1
order by ids.event_id;
