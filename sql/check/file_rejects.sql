-- Severity: blocking
-- Says: every rejected line of a file is in load_rejects, and nothing else is
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: always
with quarantined as (
    select file_no, count(*) as lines
    from load_rejects
    group by file_no
),

refused as (
    select file_no, url, rejected
    from load_files
    where rejected <> 0
)

select
    coalesce(refused.file_no, quarantined.file_no) as file_no,
    refused.url,
    coalesce(refused.rejected, 0) as rejected,
    coalesce(quarantined.lines, 0) as quarantined
from refused
full outer join quarantined
    on quarantined.file_no = refused.file_no
where coalesce(refused.rejected, 0) <> coalesce(quarantined.lines, 0)
order by 1;
