-- Who went from free to paid, and when?
select
    users.user_id,
    users.first_name,
    users.last_name,
    paid.valid_from as paid_since,
    users.level as level_now
from user_levels as free
inner join user_levels as paid
    on paid.user_id = free.user_id
    and paid.valid_from = free.valid_to
    and paid.level = 'paid'
inner join users
    on users.user_id = free.user_id
where free.level = 'free'
order by paid.valid_from, users.user_id;
