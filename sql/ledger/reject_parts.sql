-- The last line of each part of the quarantine, in the order in which it is shown. A part takes about $bytes bytes of
-- memory. The files are numbered first, as their names are long to sort by. $run is a run, or null for all.
with files as (
    select
        run_id,
        url,
        row_number() over (order by run_id collate "C", url collate "C") as file_place
    from (
        select distinct run_id, url
        from load_rejects
        where run_id = $run or cast($run as varchar) is null
    ) as named
),

sized as (
    select
        files.file_place,
        rejects.line,
        rejects.byte_offset,
        cast(
            sum(least(rejects.raw_length, 65536) + 300) over (
                order by files.file_place, rejects.line, rejects.byte_offset
                rows between unbounded preceding and current row
            ) as bigint
        ) as bytes
    from load_rejects as rejects
    inner join files
        on
            files.run_id = rejects.run_id
            and files.url = rejects.url
),

placed as (
    select
        file_place,
        line,
        byte_offset,
        bytes - mod(bytes, cast($bytes as bigint)) as part
    from sized
),

lasts as (
    select
        file_place,
        line,
        byte_offset
    from (
        select
            file_place,
            line,
            byte_offset,
            part,
            lead(part) over (order by file_place, line, byte_offset) as next_part
        from placed
    ) as followed
    where next_part is null or next_part > part
)

select
    files.run_id,
    files.url,
    lasts.line,
    lasts.byte_offset
from lasts
inner join files
    on files.file_place = lasts.file_place
order by lasts.file_place, lasts.line, lasts.byte_offset;
