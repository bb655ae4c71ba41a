-- How much do free and paid listeners play, women and men? The level is the one on the play.
select
    songplays.level,
    users.gender,
    count(*) as plays,
    count(distinct songplays.user_id) as listeners
from songplays
inner join users
    on users.user_id = songplays.user_id
group by songplays.level, users.gender
order by songplays.level, users.gender;
