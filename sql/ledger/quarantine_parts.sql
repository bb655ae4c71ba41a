-- The last line of each part of the quarantine, in the order in which lines are tried again. A part takes about $bytes
-- bytes of memory: its lines, and what belongs to each.
with sized as (
    select
        rejects.file_no,
        rejects.byte_offset,
        cast(
            sum(rejects.raw_length + 300) over (
                order by rejects.file_no, rejects.byte_offset
                rows between unbounded preceding and current row
            ) as bigint
        ) as bytes
    from load_rejects as rejects
    where rejects.raw_length <= 65536
),

placed as (
    select file_no, byte_offset, bytes - bytes % $bytes as part
    from sized
),

followed as (
    select
        file_no,
        byte_offset,
        part,
        lead(part) over (order by file_no, byte_offset) as next_part
    from placed
)

select file_no, byte_offset
from followed
where next_part is null or next_part > part
order by file_no, byte_offset;
