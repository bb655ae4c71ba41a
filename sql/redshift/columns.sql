-- The columns of the schema that tables are made in.
select
    cast(table_name as varchar(128)) as table_name,
    cast(column_name as varchar(128)) as column_name
from information_schema.columns
where table_schema = current_schema();
