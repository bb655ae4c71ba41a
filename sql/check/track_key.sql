-- Severity: blocking
-- Says: tracks has one row for a track_no, and one for a title and artist
-- Remedy: rebuild the tables with `sparkify load --full-refresh`
-- In a load: after events
-- Lengths are compared as well, as blanks at an end do not count on Redshift.
select
    'several tracks have this number' as problem,
    track_no,
    min(song) as song,
    min(artist) as artist,
    count(*) as times
from tracks
group by track_no
having count(*) > 1
union all
select 'this track has several numbers' as problem, min(track_no) as track_no, song, artist, count(*) as times
from tracks
group by song, artist, length(song), length(artist)
having count(*) > 1
order by track_no, problem;
