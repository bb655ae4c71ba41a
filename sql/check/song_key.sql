-- Severity: blocking
-- Says: songs and staging_songs have one row for a song_id
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after songs
with ids as (
    select 'songs' as table_name, song_id
    from songs
    union all
    select 'staging_songs' as table_name, song_id
    from staging_songs
)

select table_name, song_id, count(*) as times
from ids
group by table_name, song_id
having count(*) > 1
order by table_name collate "C", song_id collate "C";
