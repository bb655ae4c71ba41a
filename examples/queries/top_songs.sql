-- Which songs are played most? By what the log says, so that songs the catalogue does not have count as well.
select
    songplays.song,
    songplays.artist,
    count(*) as plays,
    count(distinct songplays.user_id) as listeners
from songplays
where songplays.song is not null
group by songplays.song, songplays.artist
order by plays desc, listeners desc, songplays.song, songplays.artist
limit 20;
