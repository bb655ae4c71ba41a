-- The page view with the id $id.
select view_id, page, start_time, user_id
from page_views
where view_id = $id;
