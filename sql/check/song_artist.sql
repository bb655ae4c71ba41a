-- Severity: blocking
-- Says: every song's artist is in artists, and every artist has a song
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after songs
with credited as (
    select artist_id, count(*) as songs
    from songs
    group by artist_id
)

select
    coalesce(credited.artist_id, artists.artist_id) as artist_id,
    case when artists.artist_id is null then 'not in artists' else 'has no song' end as problem,
    credited.songs
from credited
full outer join artists
    on artists.artist_id = credited.artist_id
where artists.artist_id is null or credited.artist_id is null
order by coalesce(credited.artist_id, artists.artist_id) collate "C";
