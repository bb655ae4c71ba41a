-- Severity: warning
-- Says: songs came out since 1900 and not later than next year
-- Remedy: see the song's file; a later file of the same song corrects it
select song_id, title, year
from songs
where year < 1900 or year > extract(year from cast($now as timestamp)) + 1
order by song_id collate "C";
