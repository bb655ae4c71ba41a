-- How many plays a changed song may concern.
select count(*) as row_count
from touched_plays;
