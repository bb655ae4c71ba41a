-- Severity: warning
-- Says: tracks has no title and artist that were never played
-- Remedy: counts of tracks are too high; rebuild with `sparkify load --full-refresh` (refuses where files are gone)
select tracks.track_no, tracks.song, tracks.artist
from tracks
left join (
    select distinct track_no
    from songplays
) as played
    on played.track_no = tracks.track_no
where played.track_no is null
order by tracks.track_no;
