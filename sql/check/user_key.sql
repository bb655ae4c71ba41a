-- Severity: blocking
-- Says: users has one row for a user_id
-- Remedy: rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events
select user_id, count(*) as times
from users
group by user_id
having count(*) > 1
order by user_id;
