-- Severity: blocking
-- Says: artists has one row for an artist_id
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after songs
select artist_id, count(*) as times
from artists
group by artist_id
having count(*) > 1
order by artist_id collate "C";
