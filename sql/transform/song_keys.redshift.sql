-- The catalogue by what a play knows of a song: title and artist, numbered. song_id and the like are meant only where
-- the key has a single candidate. Lengths tell texts apart that differ in blanks at their end alone.
create temporary table song_keys as
select
    row_number() over (order by title, artist_name, octet_length(title), octet_length(artist_name)) as key_no,
    title,
    artist_name,
    octet_length(title) as title_bytes,
    octet_length(artist_name) as artist_bytes,
    count(*) as candidates,
    min(song_id) as song_id,
    min(artist_id) as artist_id,
    min(text_repair) as text_repair
from staging_songs
group by title, artist_name, octet_length(title), octet_length(artist_name);
