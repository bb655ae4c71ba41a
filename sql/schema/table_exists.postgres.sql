-- Whether the schema that tables are made in has one, or anything else, of the name $table_name.
select count(*) > 0 as found
from pg_catalog.pg_class as relations
inner join pg_catalog.pg_namespace as schemas
    on schemas.oid = relations.relnamespace
where
    schemas.nspname = current_schema()
    and relations.relname = cast($table_name as text);
