-- Severity: blocking
-- Says: songs holds what staging_songs holds of every song
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after songs
select
    coalesce(songs.song_id, staged.song_id) as song_id,
    case
        when songs.song_id is null then 'not in songs'
        when staged.song_id is null then 'not in staging_songs'
        else 'the two say different things'
    end as problem,
    songs.title,
    staged.title as staged_title
from songs
full outer join staging_songs as staged
    on staged.song_id = songs.song_id
where
    songs.song_id is null
    or staged.song_id is null
    or songs.title <> staged.title
    or songs.artist_id <> staged.artist_id
    or songs.artist_name <> staged.artist_name
    or coalesce(songs.year, 0) <> coalesce(staged.year, 0)
    or coalesce(songs.duration, -1) <> coalesce(staged.duration, -1)
order by coalesce(songs.song_id, staged.song_id) collate "C";
