-- The number that the system tables have for the last COPY of this session.
select pg_last_copy_id() as query_id;
