-- How many rows the last COPY of this session loaded; its tag does not say.
select pg_last_copy_count() as row_count;
