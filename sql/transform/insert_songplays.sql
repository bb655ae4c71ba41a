-- Every accepted play becomes one row, matched to a song or not. Both joins have at most one partner a play.
-- plays_to_match is staged_plays here.
insert into songplays
select
    plays.songplay_id,
    plays.start_time,
    plays.user_id,
    plays.level,
    coalesce(contested.song_id, sole.song_id) as song_id,
    coalesce(contested.artist_id, sole.artist_id) as artist_id,
    plays.session_id,
    plays.location,
    plays.user_agent,
    plays.item_in_session,
    plays.song,
    plays.artist,
    plays.length,
    case
        when coalesce(contested.text_repair, sole.text_repair) = plays.text_repair then 'exact'
        when coalesce(contested.song_id, sole.song_id) is not null then 'repaired'
    end as match_method,
    plays.text_repair,
    plays.payload_hash
from plays_to_match as plays
left join song_keys as sole
    on sole.key_no = plays.key_no
    and sole.candidates = 1
left join contested_plays as contested
    on contested.songplay_id = plays.songplay_id;
