insert into users
select user_id, first_name, last_name, gender, level, registered_at, last_seen_at
from newer_users;
