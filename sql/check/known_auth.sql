-- Severity: warning
-- Says: auth is Logged In, Logged Out, Guest or Cancelled
-- Remedy: find out which writer of the logs has changed
select auth, count(*) as times, min(view_id) as first_view_id
from page_views
where auth not in ('Logged In', 'Logged Out', 'Guest', 'Cancelled')
group by auth
order by auth collate "C";
