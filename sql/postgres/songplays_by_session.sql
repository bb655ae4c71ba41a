-- The plays of a range of sessions, for a load that goes on with some. By blocks, which costs a load next to nothing
-- and is enough where sessions are numbered one after the other; the server's own vacuum brings it up to date.
create index if not exists songplays_by_session on songplays using brin (session_id);
