-- How many tracks there are, and the highest number of one.
select
    count(*) as tracks,
    coalesce(max(track_no), 0) as last_no
from tracks;
