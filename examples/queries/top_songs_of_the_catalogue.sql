-- Of the songs in the catalogue, which are played most? Plays of other songs are not counted here.
select
    songs.title,
    artists.name as artist,
    songs.year,
    count(*) as plays,
    count(distinct songplays.user_id) as listeners
from songplays
inner join songs
    on songs.song_id = songplays.song_id
inner join artists
    on artists.artist_id = songplays.artist_id
group by songs.song_id, songs.title, artists.name, songs.year
order by plays desc, listeners desc, songs.song_id
limit 20;
