-- What can be tried again: lines kept whole.
select
    rejects.input,
    rejects.url,
    rejects.file_no,
    rejects.line,
    rejects.byte_offset,
    rejects."raw",
    rejects.raw_bytes,
    files.modified_at
from load_rejects as rejects
inner join load_files as files
    on files.file_no = rejects.file_no
where
    rejects.raw_length <= 65536
    and rejects.raw_length = coalesce(octet_length(rejects.raw_bytes) / 2, octet_length(rejects."raw"))
order by rejects.file_no, rejects.line, rejects.byte_offset;
