-- Which artists are played most?
select
    songplays.artist,
    count(*) as plays,
    count(distinct songplays.song) as songs,
    count(distinct songplays.user_id) as listeners
from songplays
where songplays.artist is not null
group by songplays.artist
order by plays desc, listeners desc, songplays.artist
limit 20;
