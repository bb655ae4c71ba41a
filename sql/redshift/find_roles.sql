-- Which of the roles loader and analyst this user sees. Redshift's `create role` cannot skip existing ones.
-- Grain: one role.
select role_name
from svv_roles
where role_name in ('loader', 'analyst')
order by role_name;
