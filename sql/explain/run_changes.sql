-- What the files of the run $run brought into the tables, as they are now.
with files as (
    select file_no, input, url
    from load_files
    where run_id = $run
),

plays as (
    select
        songplays.user_id,
        count(*) as plays,
        count(songplays.song_id) as plays_matched,
        0 as page_views,
        min(songplays.start_time) as first_event,
        max(songplays.start_time) as last_event
    from songplays
    inner join files
        on files.file_no = songplays.songplay_id >> 32
    group by songplays.user_id
),

views as (
    select
        page_views.user_id,
        0 as plays,
        0 as plays_matched,
        count(*) as page_views,
        min(page_views.start_time) as first_event,
        max(page_views.start_time) as last_event
    from page_views
    inner join files
        on files.file_no = page_views.view_id >> 32
    group by page_views.user_id
),

events as (
    select user_id, plays, plays_matched, page_views, first_event, last_event
    from plays
    union all
    select user_id, plays, plays_matched, page_views, first_event, last_event
    from views
),

held as (
    select count(*) as songs
    from staging_songs
    where url in (select url from files where input = 'song')
),

brought as (
    select
        min(first_event) as first_event,
        max(last_event) as last_event,
        count(distinct user_id) as users,
        coalesce(sum(plays), 0) as plays,
        coalesce(sum(plays_matched), 0) as plays_matched,
        coalesce(sum(page_views), 0) as page_views
    from events
)

select
    brought.first_event,
    brought.last_event,
    brought.users,
    brought.plays,
    brought.plays_matched,
    brought.page_views,
    held.songs as songs_from_its_files
from brought
cross join held;
