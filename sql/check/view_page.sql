-- Severity: blocking
-- Says: page_views holds no play
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after events
select view_id, start_time, user_id
from page_views
where page = 'NextSong' and view_id between $first_id and $last_id
order by view_id;
