-- Keeps what sql/shared/songs_played.sql works out, whose words come before the query, for the insights of one run.
-- Grain: as there.
create or replace temporary table songs_played as
select
    song_id,
    artist_id,
    song,
    artist,
    plays
from songs_played;
