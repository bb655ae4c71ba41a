-- What can be tried again: lines kept whole. A part of it: what stands behind $after_offset in the first of its files,
-- as far as $last_offset in the last. $low and $high bound the offsets where there is but one file, so that less is
-- read.
select
    rejects.input,
    rejects.url,
    rejects.file_no,
    rejects.line,
    rejects.byte_offset,
    rejects."raw",
    rejects.raw_bytes,
    files.modified_at,
    newest.file_no as newest_file_no
from load_rejects as rejects
inner join load_files as files
    on files.file_no = rejects.file_no
inner join (
    select url, max(file_no) as file_no
    from load_files
    group by url
) as newest
    on newest.url = files.url
where
    rejects.raw_length <= 65536
    and rejects.file_no between $first_file and $last_file
    and rejects.byte_offset between $low and $high
    and (rejects.file_no > $first_file or rejects.byte_offset > $after_offset)
    and (rejects.file_no < $last_file or rejects.byte_offset <= $last_offset)
order by rejects.file_no, rejects.line, rejects.byte_offset;
