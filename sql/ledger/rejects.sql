-- $run is a run, or null for all.
select run_id, input, url, line, byte_offset, reason, raw_length, "raw"
from load_rejects
where run_id = $run or cast($run as varchar(64)) is null
order by run_id collate "C", url collate "C", line, byte_offset;
