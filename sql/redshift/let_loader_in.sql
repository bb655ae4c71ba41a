-- Loads make their tables, so they may make them in the schema.
grant usage, create on schema public to role loader;
