-- Whether the run $run_id was committed.
select count(*) as found
from load_runs
where run_id = $run_id;
