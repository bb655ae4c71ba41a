-- What the catalogue has of a title $title or an artist $artist, in any case. Both are in small letters, which $letters
-- are of $capitals; null finds nothing. Blanks at an end do not count in Redshift's comparisons, so lengths tell.
with judged as (
    select
        song_id,
        title,
        artist_name,
        duration,
        case
            when length(title) = length($title) and translate(title, $capitals, $letters) = $title then 'title'
            when length(artist_name) = length($artist) and translate(artist_name, $capitals, $letters) = $artist
                then 'artist'
        end as same
    from staging_songs
)

select same, song_id, title, artist_name, duration
from judged
where same is not null
order by same collate "C" desc, title collate "C", artist_name collate "C", song_id collate "C"
limit 10;
