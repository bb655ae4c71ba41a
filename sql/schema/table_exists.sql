-- Whether the warehouse itself, not a temporary schema, has a table of the name $table_name.
select count(*) > 0 as found
from information_schema.tables
where
    table_catalog = current_database()
    and table_schema = 'main'
    and table_name = $table_name;
