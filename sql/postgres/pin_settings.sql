-- What statements and their answers rely on, until the transaction ends, whatever the server, the database, the role,
-- the client's environment or another client of the same pooled connection has set.
select
    set_config('client_encoding', 'UTF8', true) as client_encoding,
    set_config('client_min_messages', 'warning', true) as client_min_messages,
    set_config('standard_conforming_strings', 'on', true) as standard_conforming_strings,
    set_config('transform_null_equals', 'off', true) as transform_null_equals,
    set_config('datestyle', 'iso, mdy', true) as datestyle,
    set_config('intervalstyle', 'postgres', true) as intervalstyle,
    set_config('timezone', 'UTC', true) as timezone,
    set_config('extra_float_digits', '1', true) as extra_float_digits,
    set_config('bytea_output', 'hex', true) as bytea_output,
    set_config('work_mem', '64MB', true) as work_mem;
