-- Artists of changed songs, from all their songs. The name credited on most songs; ties go to the shortest, then the
-- first in byte order. Place and coordinates come from one song: the most complete, then the lowest song_id.
insert into artists
with touched as (
    select artist_id from changed_songs
    union
    select artist_id_before from changed_songs
),

credits as (
    select
        songs.artist_id,
        songs.artist_name,
        row_number() over (
            partition by songs.artist_id
            order by count(*) desc, length(songs.artist_name), songs.artist_name
        ) as place
    from staging_songs as songs
    inner join touched
        on touched.artist_id = songs.artist_id
    group by songs.artist_id, songs.artist_name
),

places as (
    select
        songs.artist_id,
        songs.artist_location,
        songs.artist_latitude,
        songs.artist_longitude,
        row_number() over (
            partition by songs.artist_id
            order by
                case when songs.artist_location is null then 0 else 1 end
                + case when songs.artist_latitude is null then 0 else 1 end
                + case when songs.artist_longitude is null then 0 else 1 end desc,
                songs.song_id
        ) as place
    from staging_songs as songs
    inner join touched
        on touched.artist_id = songs.artist_id
)

select
    credits.artist_id,
    credits.artist_name,
    places.artist_location,
    places.artist_latitude,
    places.artist_longitude
from credits
inner join places
    on places.artist_id = credits.artist_id
    and places.place = 1
where credits.place = 1;
