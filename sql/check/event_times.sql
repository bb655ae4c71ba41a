-- Severity: warning
-- Says: events happened after 1999 and before the run that loaded them
-- Remedy: a clock was wrong, or the data is made up; see the file's lines around these times
with parts as (
    select songplay_id >> 32 as file_no, min(start_time) as first_event, max(start_time) as last_event
    from songplays
    group by 1
    union all
    select view_id >> 32 as file_no, min(start_time) as first_event, max(start_time) as last_event
    from page_views
    group by 1
),

spans as (
    select file_no, min(first_event) as first_event, max(last_event) as last_event
    from parts
    group by file_no
)

select files.url, spans.first_event, spans.last_event, runs.finished_at as loaded_at
from spans
inner join load_files as files
    on files.file_no = spans.file_no
inner join load_runs as runs
    on runs.run_id = files.run_id
where
    spans.first_event < timestamp '2000-01-01 00:00:00'
    or spans.last_event > runs.finished_at + interval '1 day'
order by files.file_no;
