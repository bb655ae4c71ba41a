-- Each play's song in the catalogue: equal as it arrived before equal after repair, then the nearest duration, then the
-- lowest song_id. Lengths are compared as well, as blanks at an end do not count otherwise.
create temporary table staged_matches as
with ranked as (
    select
        plays.event_id,
        songs.song_id,
        songs.artist_id,
        case when songs.text_repair = plays.text_repair then 'exact' else 'repaired' end as match_method,
        row_number() over (
            partition by plays.event_id
            order by
                case when songs.text_repair = plays.text_repair then 0 else 1 end,
                coalesce(abs(songs.duration - plays.length), cast('1e300' as double precision)),
                songs.song_id
        ) as place
    from staged_events as plays
    inner join staging_songs as songs
        on songs.title = plays.song
        and songs.artist_name = plays.artist
        and octet_length(songs.title) = octet_length(plays.song)
        and octet_length(songs.artist_name) = octet_length(plays.artist)
    where plays.page = 'NextSong'
)

select event_id, song_id, artist_id, match_method
from ranked
where place = 1;
