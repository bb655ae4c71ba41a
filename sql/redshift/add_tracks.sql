-- The tracks of the staged events that there are not yet. Lengths are compared as well, as blanks at an end do not
-- count otherwise.
insert into tracks
with names as (
    select
        coalesce(song, '') as song,
        coalesce(artist, '') as artist,
        octet_length(coalesce(song, '')) as song_bytes,
        octet_length(coalesce(artist, '')) as artist_bytes,
        min(event_id) as first_play
    from staged_events
    where page = 'NextSong'
    group by
        coalesce(song, ''),
        coalesce(artist, ''),
        octet_length(coalesce(song, '')),
        octet_length(coalesce(artist, ''))
),

last_track as (
    select coalesce(max(track_no), 0) as track_no
    from tracks
)

select
    cast(last_track.track_no + row_number() over (order by names.first_play) as integer) as track_no,
    names.song,
    names.artist
from names
cross join last_track
left join tracks
    on tracks.song = names.song
    and tracks.artist = names.artist
    and octet_length(tracks.song) = names.song_bytes
    and octet_length(tracks.artist) = names.artist_bytes
where tracks.track_no is null;
