-- A part of the quarantine, in the order in which it is shown: what stands behind one line, as far as another.
-- $run is a run, or null for all.
select run_id, input, url, line, byte_offset, reason, raw_length, "raw"
from load_rejects
where
    (run_id = $run or cast($run as varchar) is null)
    and (
        run_id collate "C" > $after_run
        or run_id = $after_run
        and (
            url collate "C" > $after_url
            or url = $after_url
            and (line > $after_line or line = $after_line and byte_offset > $after_offset)
        )
    )
    and (
        run_id collate "C" < $last_run
        or run_id = $last_run
        and (
            url collate "C" < $last_url
            or url = $last_url
            and (line < $last_line or line = $last_line and byte_offset <= $last_offset)
        )
    )
order by run_id collate "C", url collate "C", line, byte_offset;
