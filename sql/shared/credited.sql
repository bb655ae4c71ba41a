-- Plays of the window by song, with its artist: of the catalogue if the song or the name alone identifies it, else as
-- the log names it. An artist is the least number of its tracks, as names are long to group by. Insights work this out
-- in these words. Grain: one track and song of the catalogue.
with
credited as (
    select
        track_no,
        song_id,
        plays,
        artist_id,
        min(track_no) over (
            partition by
                artist_id,
                case when artist_id is null then artist end
        ) as artist_no
    from (
        -- The log's name is looked up only if no song identifies the artist.
        select
            songs_played.track_no,
            songs_played.song_id,
            songs_played.plays,
            tracks.artist,
            coalesce(songs.artist_id, artist_names.artist_id) as artist_id
        from songs_played
        inner join tracks
            on tracks.track_no = songs_played.track_no
        left join songs
            on songs.song_id = songs_played.song_id
        left join artist_names
            on artist_names.name = case when songs.artist_id is null then tracks.artist end
    ) as looked_up
)

select
    track_no,
    song_id,
    plays,
    artist_id,
    artist_no
from credited;
