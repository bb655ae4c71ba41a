-- An analyst may see what is in the schema, and create nothing in it.
grant usage on schema public to role analyst;
