-- The highest file number ever given out; it outlives a full refresh, so that surrogate ids are never used again.
select coalesce(max(last_file_no), 0) as last_file_no
from load_runs;
