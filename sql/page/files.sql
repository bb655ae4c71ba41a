-- The loaded log files, newest first, with what became of their lines. Grain: one day of loading.
select
    cast(load_runs.started_at as date) as loaded_on,
    count(*) as files,
    cast(sum(load_files.lines) as bigint) as lines,
    cast(sum(load_files.accepted) as bigint) as accepted,
    cast(sum(load_files.duplicates) as bigint) as duplicates,
    cast(sum(load_files.rejected) as bigint) as rejected,
    cast(sum(load_files.size) as bigint) as bytes
from load_files
inner join load_runs
    on load_runs.run_id = load_files.run_id
where load_files.input <> 'song'
group by cast(load_runs.started_at as date)
order by loaded_on desc;
