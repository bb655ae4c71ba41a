-- The sessions of the staged events that have events in the tables already.
create temporary table continued_sessions as
select songplays.session_id, songplays.user_id
from songplays
inner join staged_sessions
    on staged_sessions.session_id = songplays.session_id
    and staged_sessions.user_id = songplays.user_id
where songplays.session_id
    between (select min(session_id) from staged_sessions) and (select max(session_id) from staged_sessions)
union
select page_views.session_id, page_views.user_id
from page_views
inner join staged_sessions
    on staged_sessions.session_id = page_views.session_id
    and staged_sessions.user_id = page_views.user_id
where page_views.session_id
    between (select min(session_id) from staged_sessions) and (select max(session_id) from staged_sessions);
