delete from users
using newer_users
where newer_users.user_id = users.user_id;
