-- Plays whose title and artist several songs share, each with the one that wins: equal as it arrived before equal
-- after repair, then the nearest duration, then the lowest song_id.
create temporary table contested_plays as
with ranked as (
    select
        plays.songplay_id,
        songs.song_id,
        songs.artist_id,
        songs.text_repair,
        row_number() over (
            partition by plays.songplay_id
            order by
                case when songs.text_repair = plays.text_repair then 0 else 1 end,
                coalesce(abs(songs.duration - plays.length), 1e300),
                songs.song_id
        ) as place
    from plays_to_match as plays
    inner join song_keys
        on song_keys.title = plays.song
        and song_keys.artist_name = plays.artist
        and song_keys.candidates > 1
    inner join staging_songs as songs
        on songs.title = plays.song
        and songs.artist_name = plays.artist
)

select songplay_id, song_id, artist_id, text_repair
from ranked
where place = 1;
