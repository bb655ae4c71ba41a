-- Whether the user may make tables in the schema, and temporary ones in the database.
select
    has_schema_privilege(current_schema(), 'create') as may_create,
    has_database_privilege(current_database(), 'temp') as may_create_temporary;
