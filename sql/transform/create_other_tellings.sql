-- What files of this run, and those that they beat, say of a song that another file has the say about. Grain: one song
-- and file.
create temporary table other_tellings as
select
    song_id,
    url,
    title,
    artist_id,
    artist_name,
    artist_location,
    artist_latitude,
    artist_longitude,
    num_songs,
    duration,
    year,
    text_repair
from staging_songs
where 1 = 0;
