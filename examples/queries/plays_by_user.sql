-- Who plays how much? One row a user with plays, the keenest first.
select
    users.user_id,
    users.first_name,
    users.last_name,
    users.level,
    count(*) as plays
from songplays
inner join users
    on users.user_id = songplays.user_id
group by users.user_id, users.first_name, users.last_name, users.level
order by plays desc, users.user_id;
