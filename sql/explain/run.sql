-- The runs whose id begins with $run; all of them, newest first, when it is empty.
select
    run_id,
    kind,
    status,
    started_at,
    finished_at,
    version,
    files_listed,
    files_loaded,
    files_skipped,
    lines,
    accepted,
    duplicates,
    rejected,
    song_records,
    songs_rejected,
    songplays_added,
    page_views_added,
    bytes,
    unknown_keys
from load_runs
where left(run_id, length($run)) = $run
order by started_at desc, run_id collate "C" desc
limit 5;
