-- The plays of a session, for a load that goes on with it. Sessions come nearly in order of their numbers, too.
create index if not exists songplays_by_session on songplays (session_id);
