-- The staged events that are no plays.
insert into staged_views
select
    /* @fields page_views
    id: event_id
    event_time: ts
    any: {column} */
from staged_events
where page <> 'NextSong';
