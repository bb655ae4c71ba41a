-- Why COPYs of the session $session_id since $since refused rows. Read after the rollback: within the failed
-- transaction it fails.
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
where session_id = $session_id and start_time >= $since
order by file_name, line_number, column_name;
