-- Severity: warning
-- Says: the events of a file that is named after a day are of that day (UTC), but for a few early and late ones
-- Remedy: see whether files are cut at another time zone's midnight; raise checks.max_outside_day if that is meant
with parts as (
    select songplay_id >> 32 as file_no, cast(start_time as date) as day, count(*) as events
    from songplays
    group by 1, 2
    union all
    select view_id >> 32 as file_no, cast(start_time as date) as day, count(*) as events
    from page_views
    group by 1, 2
),

files as (
    select file_no, url, substring(url, position('-events' in url) - 10, 10) as file_day
    from load_files
    where input = 'log' and position('-events' in url) > 10
),

counted as (
    select
        files.file_no,
        files.url,
        sum(parts.events) as events,
        sum(
            case when cast(parts.day as varchar(10)) collate "C" < files.file_day then parts.events else 0 end
        ) as early,
        sum(
            case when cast(parts.day as varchar(10)) collate "C" > files.file_day then parts.events else 0 end
        ) as late
    from files
    inner join parts
        on parts.file_no = files.file_no
    where files.file_day like '____-__-__' and (files.file_day like '19%' or files.file_day like '20%')
    group by files.file_no, files.url
)

select url, events, early, late
from counted
where early + late > events * cast($max_outside_day as double precision)
order by file_no;
