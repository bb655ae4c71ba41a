-- Severity: warning
-- Says: users registered before they were last seen
-- Remedy: a clock was wrong where registrations or events are written
select user_id, registered_at, last_seen_at
from users
where registered_at > last_seen_at
order by user_id;
