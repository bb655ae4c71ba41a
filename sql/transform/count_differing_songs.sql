-- How many songs of this run were told otherwise by another file than by the one that has the say. Two files that say
-- the same say it in all that is kept of it. Blanks at an end do not count in Redshift's comparisons, so lengths tell.
select count(distinct others.song_id) as songs
from other_tellings as others
inner join staging_songs as held
    on held.song_id = others.song_id
where
    held.title <> others.title
    or length(held.title) <> length(others.title)
    or held.artist_id <> others.artist_id
    or length(held.artist_id) <> length(others.artist_id)
    or held.artist_name <> others.artist_name
    or length(held.artist_name) <> length(others.artist_name)
    or held.text_repair <> others.text_repair
    or coalesce(held.artist_location, '') <> coalesce(others.artist_location, '')
    or length(coalesce(held.artist_location, '')) <> length(coalesce(others.artist_location, ''))
    or (held.num_songs is null) <> (others.num_songs is null)
    or held.num_songs <> others.num_songs
    or (held.artist_latitude is null) <> (others.artist_latitude is null)
    or held.artist_latitude <> others.artist_latitude
    or (held.artist_longitude is null) <> (others.artist_longitude is null)
    or held.artist_longitude <> others.artist_longitude
    or (held.duration is null) <> (others.duration is null)
    or held.duration <> others.duration
    or (held.year is null) <> (others.year is null)
    or held.year <> others.year;
