-- The files of the run $run whose lines did not all become rows.
select url as file, lines, accepted, duplicates, rejected
from load_files
where run_id = $run and (duplicates > 0 or rejected > 0)
order by rejected desc, duplicates desc, url collate "C"
limit 20;
