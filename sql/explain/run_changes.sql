-- What the files of the run $run brought into the tables, as they are now.
with files as (
    select file_no, input, url
    from load_files
    where run_id = $run
),

span as (
    select min(file_no) as low, max(file_no) as high
    from files
    where input = 'log'
),

plays as (
    select songplays.start_time, songplays.user_id, songplays.song_id
    from songplays
    cross join span
    inner join files
        on files.file_no = songplays.songplay_id >> 32
    where songplays.songplay_id >> 32 between span.low and span.high
),

views as (
    select page_views.start_time, page_views.user_id
    from page_views
    cross join span
    inner join files
        on files.file_no = page_views.view_id >> 32
    where page_views.view_id >> 32 between span.low and span.high
),

events as (
    select start_time, user_id
    from plays
    union all
    select start_time, user_id
    from views
)

select
    (select min(start_time) from events) as first_event,
    (select max(start_time) from events) as last_event,
    (select count(distinct user_id) from events) as users,
    (select count(*) from plays) as plays,
    (select count(song_id) from plays) as plays_matched,
    (select count(*) from views) as page_views,
    (select count(*) from staging_songs where url in (select url from files where input = 'song')) as songs_from_its_files;
