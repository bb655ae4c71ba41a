-- Links, relinks or unlinks the touched plays by the catalogue as it is now.
update songplays
set
    song_id = linked.song_id,
    artist_id = linked.artist_id,
    match_method = case
        when linked.song_repair = linked.text_repair then 'exact'
        when linked.song_id is not null then 'repaired'
    end
from (
    select
        plays.songplay_id,
        plays.text_repair,
        coalesce(contested.song_id, sole.song_id) as song_id,
        coalesce(contested.artist_id, sole.artist_id) as artist_id,
        coalesce(contested.text_repair, sole.text_repair) as song_repair
    from plays_to_match as plays
    left join song_keys as sole
        on sole.key_no = plays.key_no
        and sole.candidates = 1
    left join contested_plays as contested
        on contested.songplay_id = plays.songplay_id
) as linked
where linked.songplay_id = songplays.songplay_id;
