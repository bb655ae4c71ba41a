-- The run that changed the warehouse last: one row, or none.
select run_id
from load_runs
order by started_at desc, run_id collate "C" desc
limit 1;
