-- The files of the run $run by what they hold.
select
    input,
    count(*) as files,
    sum(size) as bytes,
    sum(lines) as lines,
    sum(accepted) as accepted,
    sum(duplicates) as duplicates,
    sum(rejected) as rejected,
    min(url collate "C") as first_file,
    max(url collate "C") as last_file
from load_files
where run_id = $run
group by input
order by input collate "C";
