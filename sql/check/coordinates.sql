-- Severity: warning
-- Says: an artist has both coordinates or none, within 90 degrees of latitude and 180 of longitude
-- Remedy: see the artist's song files; a later file of the same song corrects them
select artist_id, name, latitude, longitude
from artists
where
    latitude not between -90 and 90
    or longitude not between -180 and 180
    or (latitude is null and longitude is not null)
    or (longitude is null and latitude is not null)
order by artist_id collate "C";
