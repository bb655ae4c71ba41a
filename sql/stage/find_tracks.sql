-- The tracks there are that staged lines name, whatever becomes of these lines.
select
    tracks.track_no,
    tracks.song,
    tracks.artist
from tracks
where exists (
    select 1
    from staged_events as staged
    where
        coalesce(staged.song, '') = tracks.song
        and coalesce(staged.artist, '') = tracks.artist
);
