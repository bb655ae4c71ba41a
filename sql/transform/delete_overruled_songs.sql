-- Of lines that are tried again, those that a later line of their file has overruled. A record of the same file from
-- another time is of an older version of it, which has no say any more.
delete from staged_songs
using staging_songs
where
    staging_songs.song_id = staged_songs.song_id
    and staging_songs.url = staged_songs.url
    and staging_songs.modified_at = staged_songs.modified_at
    and staging_songs.line > staged_songs.line;
