-- What staged records say that do not win, and what is held of songs that another file has the say about from now on.
-- What a file said in an older version does not count where it speaks again.
insert into other_tellings
select
    held.song_id,
    held.url,
    held.title,
    held.artist_id,
    held.artist_name,
    held.artist_location,
    held.artist_latitude,
    held.artist_longitude,
    held.num_songs,
    held.duration,
    held.year,
    held.text_repair
from staging_songs as held
inner join changed_songs
    on changed_songs.song_id = held.song_id
left join staged_songs as again
    on again.song_id = held.song_id
    and again.url = held.url
where
    changed_songs.url <> held.url
    and again.song_id is null
union all
select
    staged.song_id,
    staged.url,
    staged.title,
    staged.artist_id,
    staged.artist_name,
    staged.artist_location,
    staged.artist_latitude,
    staged.artist_longitude,
    staged.num_songs,
    staged.duration,
    staged.year,
    staged.text_repair
from staged_songs as staged
left join changed_songs
    on changed_songs.song_id = staged.song_id
    and changed_songs.url = staged.url
where changed_songs.song_id is null;
