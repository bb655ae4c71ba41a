-- Every version of a source object that was loaded.
select file_no, input, url, accepted, rejected, run_id
from load_files
order by file_no;
