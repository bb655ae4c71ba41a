-- Why lines of the run $run were refused, the most frequent reasons first.
select input, reason, count(*) as times, min(url) as first_file
from load_rejects
where run_id = $run
group by input, reason
order by 3 desc, input, reason
limit 20;
