-- What the COPY $query_id read: a row for each file.
select
    trim(file_name) as file_name,
    sum(lines_scanned) as line_count
from sys_load_detail
where query_id = $query_id
group by trim(file_name)
order by file_name;
