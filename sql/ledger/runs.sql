select
    run_id,
    kind,
    status,
    started_at,
    finished_at,
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
    unknown_keys,
    version
from load_runs
order by started_at desc, run_id collate "C" desc;
