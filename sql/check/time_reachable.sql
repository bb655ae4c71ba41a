-- Severity: warning
-- Says: time has no instant at which no play started
-- Remedy: counting rows of time counts too many; rebuild the tables with `sparkify load --full-refresh`
select time.start_time
from time
where not exists (select 1 from songplays where songplays.start_time = time.start_time)
order by time.start_time;
