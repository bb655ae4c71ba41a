-- Severity: warning
-- Says: methods are GET or PUT, and status codes are codes of HTTP
-- Remedy: find out which writer of the logs has changed
select method, status, count(*) as times, min(view_id) as first_view_id
from page_views
where method not in ('GET', 'PUT') or status not between 100 and 599
group by method, status
order by method collate "C", status;
