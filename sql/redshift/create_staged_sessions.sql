-- The sessions of the staged events that have a user.
create temporary table staged_sessions as
select session_id, user_id
from staged_plays
union
select session_id, user_id
from staged_views
where user_id is not null;
