-- Why COPYs of the session $1 since $2 refused rows. Read after the rollback: within the failed transaction it fails.
select
    trim(file_name) as file_name,
    line_number,
    trim(column_name) as column_name,
    trim(column_type) as column_type,
    trim(column_length) as column_length,
    position,
    error_code,
    trim(error_message) as error_message,
    query_id
from sys_load_error_detail
where session_id = $1 and start_time >= $2
order by file_name, line_number, column_name;
