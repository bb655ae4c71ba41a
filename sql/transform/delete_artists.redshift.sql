delete from artists
where artist_id in (
    select artist_id from changed_songs
    union
    select artist_id_before from changed_songs where artist_id_before is not null
);
