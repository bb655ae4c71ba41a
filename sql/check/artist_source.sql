-- Severity: blocking
-- Says: an artist has the name credited on most songs, and the place of the song that describes it most completely
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after songs, if small
with credits as (
    select
        artist_id,
        artist_name,
        row_number() over (
            partition by artist_id
            order by count(*) desc, length(artist_name), artist_name
        ) as place
    from staging_songs
    group by artist_id, artist_name
),

places as (
    select
        artist_id,
        artist_location,
        artist_latitude,
        artist_longitude,
        row_number() over (
            partition by artist_id
            order by
                case when artist_location is null then 0 else 1 end
                + case when artist_latitude is null then 0 else 1 end
                + case when artist_longitude is null then 0 else 1 end desc,
                song_id
        ) as place
    from staging_songs
)

select
    artists.artist_id,
    artists.name,
    credits.artist_name as credited_name,
    artists.location,
    places.artist_location as credited_location
from artists
inner join credits
    on credits.artist_id = artists.artist_id
    and credits.place = 1
inner join places
    on places.artist_id = artists.artist_id
    and places.place = 1
where
    artists.name <> credits.artist_name
    or coalesce(artists.location, '') <> coalesce(places.artist_location, '')
    or coalesce(artists.latitude, -1000) <> coalesce(places.artist_latitude, -1000)
    or coalesce(artists.longitude, -1000) <> coalesce(places.artist_longitude, -1000)
order by artists.artist_id collate "C";
