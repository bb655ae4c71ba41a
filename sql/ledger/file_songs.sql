-- The songs whose metadata each file holds.
select url, count(*) as songs
from staging_songs
group by url
order by url collate "C";
