-- The sessions of all plays, for a version that did not keep what follows them.
create temporary table continued_sessions as
select distinct session_id, user_id
from songplays;
