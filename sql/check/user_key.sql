-- Severity: blocking
-- Says: users has one row for a user_id
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after events
select user_id, count(*) as times
from users
group by user_id
having count(*) > 1
order by user_id;
