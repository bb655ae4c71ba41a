-- How many of the staged sessions have events in the tables already.
select count(*) as row_count
from continued_sessions;
