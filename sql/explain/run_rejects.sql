-- Why lines of the run $run were refused, the most frequent reasons first.
select input, reason, count(*) as times, min(url collate "C") as first_file
from load_rejects
where run_id = $run
group by input, reason
order by 3 desc, input collate "C", reason collate "C"
limit 20;
