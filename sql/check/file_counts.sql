-- Severity: blocking
-- Says: the lines of a file are its accepted, duplicate and rejected lines, and its run is known
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: always
select
    files.file_no,
    files.url,
    case
        when runs.run_id is null then 'its run is not in load_runs'
        when files.size < 0 then 'a negative size'
        when files.accepted < 0 or files.duplicates < 0 or files.rejected < 0 then 'a negative count'
        else 'the counts do not add up'
    end as problem,
    files.lines,
    files.accepted,
    files.duplicates,
    files.rejected
from load_files as files
left join load_runs as runs
    on runs.run_id = files.run_id
where
    runs.run_id is null
    or files.size < 0
    or files.accepted < 0
    or files.duplicates < 0
    or files.rejected < 0
    or files.lines <> files.accepted + files.duplicates + files.rejected
order by files.file_no, files.url collate "C";
