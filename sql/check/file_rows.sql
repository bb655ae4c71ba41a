-- Severity: blocking
-- Says: every accepted line of a log file is one row of songplays or page_views, and every row is of a known file
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: always
-- A sample may begin in the middle of a file; the first whole one is the next. Rows of files that the warehouse read
-- itself, many at once, have ids of the first.
with parts as (
    select songplay_id >> 32 as file_no, count(*) as events
    from songplays
    where songplay_id between $sample_id and $last_id
    group by 1
    union all
    select view_id >> 32 as file_no, count(*) as events
    from page_views
    where view_id between $sample_id and $last_id
    group by 1
),

held as (
    select file_no, sum(events) as events
    from parts
    where file_no >= (cast($sample_id as bigint) + 4294967295) >> 32
    group by file_no
),

loaded as (
    select file_no, url, accepted
    from load_files
    where input = 'log'
    union all
    select min(file_no) as file_no, min(url collate "C") as url, cast(sum(accepted) as bigint) as accepted
    from load_files
    where input = 'copied'
    group by run_id
),

files as (
    select file_no, url, accepted
    from loaded
    where file_no between (cast($sample_id as bigint) + 4294967295) >> 32 and cast($last_id as bigint) >> 32
)

select
    coalesce(files.file_no, held.file_no) as file_no,
    files.url,
    files.accepted,
    coalesce(held.events, 0) as events_held
from files
full outer join held
    on held.file_no = files.file_no
where files.file_no is null or files.accepted <> coalesce(held.events, 0)
order by 1;
