-- Whoever asks may see what is in the schema, and make nothing in it.
grant usage on schema public to role analyst;
