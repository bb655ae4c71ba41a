-- The play with the id $id, its user and the file that it came from.
select
    plays.songplay_id,
    plays.start_time,
    plays.user_id,
    users.first_name,
    users.last_name,
    plays.level,
    plays.session_id,
    plays.item_in_session,
    plays.song,
    plays.artist,
    plays.length,
    plays.song_id,
    plays.artist_id,
    plays.match_method,
    files.url as file,
    plays.songplay_id - ((plays.songplay_id >> 32) * 4294967296) as line,
    files.run_id
from songplays as plays
left join users
    on users.user_id = plays.user_id
left join load_files as files
    on files.file_no = plays.songplay_id >> 32
where plays.songplay_id = $id;
