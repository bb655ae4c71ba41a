-- The catalogue by what a play knows of a song: title and artist. song_id and the like are meant only where the key
-- has a single candidate.
create temporary table song_keys as
select
    title,
    artist_name,
    count(*) as candidates,
    min(song_id) as song_id,
    min(artist_id) as artist_id,
    min(text_repair) as text_repair
from staging_songs
group by title, artist_name;
