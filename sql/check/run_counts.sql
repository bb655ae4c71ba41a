-- Severity: blocking
-- Says: a run is known once, its lines add up, and its files, as far as they are still held, have as many
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: always
-- A full refresh of one kind of source forgets that kind's files of the runs before it and keeps the others.
with held as (
    select
        run_id,
        count(*) as files,
        sum(case when input <> 'song' then 1 else 0 end) as log_files,
        sum(case when input <> 'song' then lines else 0 end) as lines
    from load_files
    group by run_id
),

refreshed as (
    select max(started_at) as started_at
    from load_runs
    where kind = 'full_refresh'
),

repeated as (
    select run_id
    from load_runs
    group by run_id
    having count(*) > 1
)

select
    runs.run_id,
    case
        when repeated.run_id is not null then 'there twice'
        when runs.lines <> runs.accepted + runs.duplicates + runs.rejected then 'its lines do not add up'
        when runs.accepted <> runs.songplays_added + runs.page_views_added then 'its rows do not add up'
        else 'its files have other counts'
    end as problem,
    runs.lines,
    runs.accepted,
    runs.duplicates,
    runs.rejected,
    held.lines as lines_of_files
from load_runs as runs
cross join refreshed
left join held
    on held.run_id = runs.run_id
left join repeated
    on repeated.run_id = runs.run_id
where
    repeated.run_id is not null
    or runs.lines <> runs.accepted + runs.duplicates + runs.rejected
    or runs.accepted <> runs.songplays_added + runs.page_views_added
    or (held.log_files > 0 and held.lines <> runs.lines)
    or (held.files <> runs.files_loaded and runs.started_at >= coalesce(refreshed.started_at, runs.started_at))
order by runs.run_id collate "C";
