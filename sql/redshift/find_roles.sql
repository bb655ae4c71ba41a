-- Which of sparkify's roles this user sees. Redshift's `create role` cannot be told to pass over those.
-- Grain: one role.
select role_name
from svv_roles
where role_name in ('loader', 'analyst')
order by role_name;
