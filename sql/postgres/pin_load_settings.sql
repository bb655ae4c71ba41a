-- What a load relies on besides: the server does not end it for taking long or for decoding in between, tables are of
-- the usual kind, rows that a policy would hide are an error, and what was reported as committed is on disk. A stricter
-- synchronous_commit than that stays.
select
    set_config('statement_timeout', '0', true) as statement_timeout,
    set_config('lock_timeout', '0', true) as lock_timeout,
    set_config('idle_in_transaction_session_timeout', '0', true) as idle_in_transaction_session_timeout,
    case
        when cast(current_setting('server_version_num') as integer) >= 170000
            then set_config('transaction_timeout', '0', true)
    end as transaction_timeout,
    set_config('default_table_access_method', 'heap', true) as default_table_access_method,
    set_config('row_security', 'off', true) as row_security,
    case
        when current_setting('synchronous_commit') = 'off' then set_config('synchronous_commit', 'on', true)
    end as synchronous_commit;
