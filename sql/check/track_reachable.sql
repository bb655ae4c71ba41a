-- Severity: warning
-- Says: tracks has no title and artist that were never played
-- Remedy: counting rows of tracks counts too many; rebuild the tables with `sparkify load --full-refresh`
select tracks.track_no, tracks.song, tracks.artist
from tracks
where not exists (select 1 from songplays where songplays.track_no = tracks.track_no)
order by tracks.track_no;
