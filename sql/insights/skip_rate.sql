-- title: Skips
-- answers: How often does the next song begin before the last one can have ended?
-- grain: all plays; those at a level
-- unit: plays
-- sessions: matter
-- chart: none
-- note: Eligible are plays with a length and a later play in their session. eventsim never skips: there it must be 0.
-- parameter: since
-- parameter: until
-- column: level text : level on the play, or all
-- column: plays integer : plays in the window
-- column: eligible integer : of these, plays whose end can be judged
-- column: skipped integer : plays that the next one began more than 2 s before the end of
-- column: skip_rate share : skipped by eligible
with by_level as (
    select
        coalesce(level, 'unknown') as level,
        count(*) as plays,
        sum(case when next_play_time is not null and length is not null then 1 else 0 end) as eligible,
        sum(
            case
                when date_part('epoch', next_play_time - start_time) < length - 2 then 1
                else 0
            end
        ) as skipped
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
    group by coalesce(level, 'unknown')
),

scoped as (
    select level, plays, eligible, skipped, 1 as place from by_level
    union all
    select 'all' as level, sum(plays) as plays, sum(eligible) as eligible, sum(skipped) as skipped, 0 as place
    from by_level
)

select
    level,
    cast(plays as bigint) as plays,
    cast(eligible as bigint) as eligible,
    cast(skipped as bigint) as skipped,
    case
        when eligible > 0 then cast(skipped as double precision) / cast(eligible as double precision)
    end as skip_rate
from scoped
where plays > 0
order by place, level collate "C";
