-- Severity: blocking
-- Says: tracks has one row for a track_no, and one for a title and artist
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after events
with
-- Of a part of the plays, their tracks; else all.
judged as (
    select track_no
    from songplays
    where
        songplay_id between $sample_id and $last_id
        and cast($sample_id as bigint) <> 0
    union
    select track_no
    from tracks
    where cast($sample_id as bigint) = 0
),

judged_tracks as (
    select tracks.track_no, tracks.song, tracks.artist
    from judged
    inner join tracks
        on tracks.track_no = judged.track_no
)

select
    'several tracks have this number' as problem,
    track_no,
    min(song collate "C") as song,
    min(artist collate "C") as artist,
    count(*) as times
from judged_tracks
group by track_no
having count(*) > 1
union all
select
    'this track has several numbers' as problem,
    judged_tracks.track_no,
    judged_tracks.song,
    judged_tracks.artist,
    count(*) as times
from judged_tracks
inner join tracks
    on tracks.song = judged_tracks.song
    and tracks.artist = judged_tracks.artist
    -- Blanks at an end do not count on Redshift.
    and length(tracks.song) = length(judged_tracks.song)
    and length(tracks.artist) = length(judged_tracks.artist)
group by judged_tracks.track_no, judged_tracks.song, judged_tracks.artist
having count(*) > 1
order by track_no, problem;
