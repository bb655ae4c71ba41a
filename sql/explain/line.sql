-- What became of the line that the id $id means: its file, and why it was refused, if it was.
select files.url as file, files.lines, rejects.reason
from load_files as files
left join load_rejects as rejects
    on rejects.file_no = files.file_no
    and rejects.line = cast($id as bigint) - ((cast($id as bigint) >> 32) * 4294967296)
where files.file_no = cast($id as bigint) >> 32;
