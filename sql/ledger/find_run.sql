-- Whether the run $1 was committed.
select count(*) as found
from load_runs
where run_id = $1;
