-- The events of each file and day; $first_id and $last_id bound the files. Events of files that the warehouse read
-- itself, many at once, have ids of the first.
select songplay_id >> 32 as file_no, cast(start_time as date) as day, count(*) as plays, cast(0 as bigint) as views
from songplays
where songplay_id between $first_id and $last_id
group by 1, 2
union all
select view_id >> 32 as file_no, cast(start_time as date) as day, cast(0 as bigint) as plays, count(*) as views
from page_views
where view_id between $first_id and $last_id
group by 1, 2
order by 1, 2, 4;
