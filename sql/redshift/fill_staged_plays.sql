-- The staged events that are plays, matched to a song or not, with what follows each in its session.
insert into staged_plays
with
-- Backwards, so that the earliest of the plays behind an event is the smallest so far. Visitors without a user never
-- play.
followed as (
    select
        event_id,
        lag(ts) over (
            partition by session_id, user_id
            order by ts desc, item_in_session desc
        ) as next_event_time,
        min(case when page = 'NextSong' then ts end) over (
            partition by session_id, user_id
            order by ts desc, item_in_session desc
            rows between unbounded preceding and 1 preceding
        ) as next_play_time
    from staged_events
    where user_id is not null
)

select
    events.event_id,
    events.ts,
    events.user_id,
    events.level,
    matches.song_id,
    matches.artist_id,
    events.session_id,
    events.location,
    events.user_agent,
    events.item_in_session,
    events.song,
    events.artist,
    events.length,
    matches.match_method,
    events.text_repair,
    events.payload_hash,
    followed.next_event_time,
    followed.next_play_time
from staged_events as events
inner join followed
    on followed.event_id = events.event_id
left join staged_matches as matches
    on matches.event_id = events.event_id
where events.page = 'NextSong';
