-- What the COPY $1 read: a row for each file.
select
    trim(file_name) as file_name,
    sum(lines_scanned) as line_count
from sys_load_detail
where query_id = $1
group by trim(file_name)
order by file_name;
