-- Severity: blocking
-- Says: file numbers are unique, and none is above the highest last_file_no of the runs
-- Remedy: do not load until this is fixed, as ids would be used twice: load all sources into a new warehouse
-- In a load: always
with highest as (
    select coalesce(max(last_file_no), 0) as file_no
    from load_runs
)

select
    files.file_no,
    count(*) as files,
    max(highest.file_no) as highest_given_out
from load_files as files
cross join highest
group by files.file_no
having count(*) > 1 or files.file_no > max(highest.file_no) or files.file_no < 1
order by files.file_no;
