-- Plays held already whose title and artist several songs share, each with the one that wins: equal as it arrived
-- before equal after repair, then the nearest duration, then the lowest song_id.
create temporary table contested_plays as
with rivals as (
    select
        song_keys.key_no,
        songs.song_id,
        songs.artist_id,
        songs.duration,
        songs.text_repair
    from song_keys
    inner join staging_songs as songs
        on songs.title = song_keys.title
        and songs.artist_name = song_keys.artist_name
    where song_keys.candidates > 1
),

ranked as (
    select
        plays.songplay_id,
        rivals.song_id,
        rivals.artist_id,
        rivals.text_repair,
        row_number() over (
            partition by plays.songplay_id
            order by
                case when rivals.text_repair = plays.text_repair then 0 else 1 end,
                coalesce(abs(rivals.duration - plays.length), 1e300),
                rivals.song_id collate "C"
        ) as place
    from plays_to_match as plays
    inner join rivals
        on rivals.key_no = plays.key_no
)

select songplay_id, song_id, artist_id, text_repair
from ranked
where place = 1;
