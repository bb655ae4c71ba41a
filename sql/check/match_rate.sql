-- Severity: warning
-- Says: of all plays at least checks.min_match_rate have a song of the catalogue
-- Remedy: see that the song files are loaded (--songs); lower checks.min_match_rate if the catalogue is a small sample
with counted as (
    select count(*) as plays, count(song_id) as matched
    from songplays
)

select plays, matched
from counted
where matched < plays * cast($min_match_rate as double precision);
