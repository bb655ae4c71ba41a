-- Severity: warning
-- Says: genders are F or M
-- Remedy: find these users with `sparkify sql`, and ask who writes the logs
select gender, count(*) as times, min(user_id) as first_user_id
from users
where gender not in ('F', 'M')
group by gender
order by gender collate "C";
