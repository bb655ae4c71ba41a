-- The loaded log files by the day that stands in their names, newest first. Grain: one day; files without one together.
with cut as (
    select
        substring(url, position('-events' in url) - 10, 10) as log_day,
        position('-events' in url) as mark,
        lines,
        accepted,
        duplicates,
        rejected,
        size
    from load_files
    where input <> 'song'
),

named as (
    select
        case
            when mark > 10 and log_day like '____-__-__' and (log_day like '19%' or log_day like '20%') then log_day
            else 'no day in the name'
        end as log_day,
        lines,
        accepted,
        duplicates,
        rejected,
        size
    from cut
)

select
    log_day,
    count(*) as files,
    cast(sum(lines) as bigint) as lines,
    cast(sum(accepted) as bigint) as accepted,
    cast(sum(duplicates) as bigint) as duplicates,
    cast(sum(rejected) as bigint) as rejected,
    cast(sum(size) as bigint) as bytes
from named
group by log_day
order by log_day collate "C" desc;
