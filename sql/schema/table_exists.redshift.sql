-- Whether the schema that tables are made in has one of the name $table_name.
select count(*) > 0 as found
from information_schema.tables
where
    table_schema = current_schema()
    and table_name = $table_name;
