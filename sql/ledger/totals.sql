-- What the tables hold.
select
    (select count(*) from users) as users,
    (select count(*) from songs) as songs,
    (select count(*) from artists) as artists,
    (select count(song_id) from songplays) as matched,
    (select count(*) from songplays) as songplays;
