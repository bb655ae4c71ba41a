-- Keeps what sql/shared/songs_played.sql works out, for the insights of one run. Grain: as there.
create or replace temporary table songs_played as
select
    song_id,
    artist_id,
    coalesce(song, '') as song,
    coalesce(artist, '') as artist,
    count(*) as plays
from songplays
where
    start_time >= cast($since as timestamp)
    and start_time < cast($until as timestamp)
    and (cast($level as varchar) is null or level = cast($level as varchar))
group by song_id, artist_id, coalesce(song, ''), coalesce(artist, '');
