-- The page views of a session, for a load that goes on with it. Sessions come nearly in order of their numbers, too.
create index if not exists page_views_by_session on page_views (session_id);
