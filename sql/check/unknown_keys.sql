-- Severity: warning
-- Says: the lines of the latest run had no keys that no column takes
-- Remedy: the logs have changed; see whether a key has a new name, or is worth a column
with ranked as (
    select
        run_id,
        unknown_keys,
        row_number() over (order by started_at desc, run_id collate "C" desc) as place
    from load_runs
    where lines > 0
)

select run_id, unknown_keys
from ranked
where place = 1 and unknown_keys is not null;
