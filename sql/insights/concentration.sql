-- title: Concentration
-- answers: How much of the listening goes to how few songs and artists?
-- grain: songs, and artists
-- unit: share of plays
-- chart: none
-- note: Only what was played at least once counts; Gini is 0 when all are played alike, near 1 when one has it all.
-- note: HHI is the sum of the squared shares: 1 when one has it all.
-- shares: artist_names songs_played credited
-- parameter: since
-- parameter: until
-- parameter: level
-- column: kind text : songs or artists
-- column: items integer : how many were played
-- column: plays integer : plays in the window
-- column: top_1_share share : part of the plays that the most played one has
-- column: top_10_share share : part that the ten most played have
-- column: top_100_share share : part that the hundred most played have
-- column: gini number.3 : Gini coefficient
-- column: hhi number.4 : Herfindahl-Hirschman index
-- column: played_once integer : items with exactly one play: the long tail
-- column: played_once_share share : part of the items with exactly one play
with
artists_played as (
    select sum(plays) as plays
    from credited
    group by artist_no
),

items as (
    select 'songs' as kind, cast(plays as double precision) as plays from songs_played
    union all
    select 'artists' as kind, cast(plays as double precision) as plays from artists_played
),

placed as (
    select
        kind,
        plays,
        row_number() over (partition by kind order by plays desc) as place,
        count(*) over (partition by kind) as items,
        sum(plays) over (partition by kind) as all_plays
    from items
)

select
    kind,
    count(*) as items,
    cast(sum(plays) as bigint) as plays,
    sum(case when place <= 1 then plays else 0 end) / sum(plays) as top_1_share,
    sum(case when place <= 10 then plays else 0 end) / sum(plays) as top_10_share,
    sum(case when place <= 100 then plays else 0 end) / sum(plays) as top_100_share,
    -- The places run from the most played down, the formula from the least played up.
    sum((items - 2 * place + 1) * plays) / (count(*) * sum(plays)) as gini,
    sum(plays * plays) / (sum(plays) * sum(plays)) as hhi,
    sum(case when plays = 1 then 1 else 0 end) as played_once,
    cast(sum(case when plays = 1 then 1 else 0 end) as double precision) / count(*) as played_once_share
from placed
group by kind
order by kind desc;
