-- Severity: blocking
-- Says: tracks has one row for a track_no, and one for a title and artist
-- Remedy: rebuild the tables with `sparkify load --full-refresh`, which refuses where source files are gone
-- In a load: after events
with
-- Of a part of the plays, their tracks.
sampled as (
    select distinct track_no
    from songplays
    where
        songplay_id between $sample_id and $last_id
        and cast($sample_id as bigint) <> 0
),

sampled_tracks as (
    select
        tracks.track_no,
        tracks.song,
        tracks.artist
    from sampled
    inner join tracks
        on tracks.track_no = sampled.track_no
),

repeated_numbers as (
    select
        track_no,
        count(*) as times
    from tracks
    where cast($sample_id as bigint) = 0
    group by track_no
    having count(*) > 1
    union all
    select
        track_no,
        count(*) as times
    from sampled_tracks
    group by track_no
    having count(*) > 1
),

-- Of all tracks, those that are there several times are found first: to join all by their names takes more memory.
-- Blanks at an end do not count on Redshift.
repeated_names as (
    select
        song,
        artist,
        length(song) as song_length,
        length(artist) as artist_length,
        count(*) as times
    from tracks
    where cast($sample_id as bigint) = 0
    group by song, artist, length(song), length(artist)
    having count(*) > 1
)

select
    'several tracks have this number' as problem,
    tracks.track_no,
    min(tracks.song collate "C") as song,
    min(tracks.artist collate "C") as artist,
    repeated_numbers.times
from repeated_numbers
inner join tracks
    on tracks.track_no = repeated_numbers.track_no
group by tracks.track_no, repeated_numbers.times
union all
select
    'this track has several numbers' as problem,
    sampled_tracks.track_no,
    sampled_tracks.song,
    sampled_tracks.artist,
    count(*) as times
from sampled_tracks
inner join tracks
    on tracks.song = sampled_tracks.song
    and tracks.artist = sampled_tracks.artist
    and length(tracks.song) = length(sampled_tracks.song)
    and length(tracks.artist) = length(sampled_tracks.artist)
group by sampled_tracks.track_no, sampled_tracks.song, sampled_tracks.artist
having count(*) > 1
union all
select
    'this track has several numbers' as problem,
    tracks.track_no,
    tracks.song,
    tracks.artist,
    max(repeated_names.times) as times
from repeated_names
inner join tracks
    on tracks.song = repeated_names.song
    and tracks.artist = repeated_names.artist
    and length(tracks.song) = repeated_names.song_length
    and length(tracks.artist) = repeated_names.artist_length
group by tracks.track_no, tracks.song, tracks.artist
order by track_no, problem;
