insert into staging_songs
select
    num_songs,
    artist_id,
    artist_latitude,
    artist_longitude,
    artist_location,
    artist_name,
    song_id,
    title,
    duration,
    year,
    text_repair,
    modified_at,
    url,
    line
from changed_songs;
