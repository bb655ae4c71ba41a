delete from artists
using (
    select artist_id from changed_songs
    union
    select artist_id_before from changed_songs
) as touched
where touched.artist_id = artists.artist_id;
