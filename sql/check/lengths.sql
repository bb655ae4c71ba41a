-- Severity: warning
-- Says: plays and songs last longer than nothing, and not longer than checks.max_length seconds
-- Remedy: see whether the seconds are milliseconds; raise checks.max_length if such long recordings are played
select 'songplays' as table_name, cast(songplay_id as varchar(32)) collate "C" as id, length as seconds
from songplays
where length <= 0 or length > cast($max_length as double precision)
union all
select 'songs' as table_name, song_id collate "C" as id, duration as seconds
from songs
where duration <= 0 or duration > cast($max_length as double precision)
order by 1, 2;
