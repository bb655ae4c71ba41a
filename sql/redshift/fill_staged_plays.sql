-- The staged events that are plays, matched to a song or not, with what follows each in its session. Lengths are
-- compared as well, as blanks at an end do not count otherwise.
insert into staged_plays
with
-- Visitors without a user never play.
events as (
    select
        staged_events.event_id,
        staged_events.session_id,
        staged_events.user_id,
        staged_events.ts,
        staged_events.item_in_session,
        case when staged_events.page = 'NextSong' then 1 else 0 end as is_play,
        tracks.track_no
    from staged_events
    left join tracks
        on staged_events.page = 'NextSong'
        and tracks.song = coalesce(staged_events.song, '')
        and tracks.artist = coalesce(staged_events.artist, '')
        and octet_length(tracks.song) = octet_length(coalesce(staged_events.song, ''))
        and octet_length(tracks.artist) = octet_length(coalesce(staged_events.artist, ''))
    where staged_events.user_id is not null
),

followed as (
    select
        event_id,
        track_no,
        lead(ts) over (
            partition by session_id, user_id
            order by ts, item_in_session
        ) as next_event_time,
        lead(ts) over (
            partition by session_id, user_id, is_play
            order by ts, item_in_session
        ) as next_play_time,
        lead(track_no) over (
            partition by session_id, user_id, is_play
            order by ts, item_in_session
        ) as next_track_no
    from events
)

select
    /* @fields songplays
    id: plays.event_id
    event_time: plays.ts
    match: matches.{column}
    session: followed.{column}
    any: plays.{column} */
from staged_events as plays
inner join followed
    on followed.event_id = plays.event_id
left join staged_matches as matches
    on matches.event_id = plays.event_id
where plays.page = 'NextSong';
