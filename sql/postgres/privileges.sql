-- Whether the user may make tables in the schema, and temporary ones in the database; whether others can listen.
select
    has_schema_privilege(current_schema(), 'create') as may_create,
    has_database_privilege(current_database(), 'temp') as may_create_temporary,
    coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as is_encrypted;
