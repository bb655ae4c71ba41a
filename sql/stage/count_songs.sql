-- How many songs the catalogue has. They have no numbers.
select
    count(*) as songs,
    0 as last_no
from staging_songs;
