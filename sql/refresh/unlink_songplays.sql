-- Takes all plays off the catalogue, which is emptied in the same transaction; the songs that are loaded link them
-- again.
update songplays
set
    song_id = null,
    artist_id = null,
    match_method = null
where song_id is not null;
