select
    song,
    artist,
    count(*) as plays,
    count(distinct user_id) as listeners,
    case when max(song_id) is null then 'no' else 'yes' end as in_catalogue
from songplays
group by song, artist
order by plays desc, listeners desc, song, artist
limit 5;
