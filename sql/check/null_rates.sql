-- Severity: warning
-- Says: on the last seven days no field is missing more often than before, by more than checks.max_null_rise
-- Remedy: see a line without the field (`sparkify explain play` names it), and ask who writes the logs
-- Before is the 28 days before these seven; a day of fewer than 20 plays is not judged.
with reach as (
    -- Not by plays of the future, unless all are.
    select
        cast(
            coalesce(
                max(case when start_time <= cast($now as timestamp) + interval '1 day' then start_time end),
                max(start_time)
            ) as date
        ) as last_day
    from songplays
),

plays as (
    select
        reach.last_day,
        cast(songplays.start_time as date) as day,
        case when songplays.song is null then 1 else 0 end as no_song,
        case when songplays.artist is null then 1 else 0 end as no_artist,
        case when songplays.length is null then 1 else 0 end as no_length,
        case when songplays.level is null then 1 else 0 end as no_level,
        case when songplays.location is null then 1 else 0 end as no_location,
        case when songplays.user_agent is null then 1 else 0 end as no_user_agent
    from songplays
    inner join reach
        on songplays.start_time >= reach.last_day - 34
),

days as (
    select
        day,
        case when day > last_day - 7 then 1 else 0 end as is_recent,
        count(*) as plays,
        sum(no_song) as no_song,
        sum(no_artist) as no_artist,
        sum(no_length) as no_length,
        sum(no_level) as no_level,
        sum(no_location) as no_location,
        sum(no_user_agent) as no_user_agent
    from plays
    group by day, last_day
),

fields as (
    select 'song' as field, day, is_recent, plays, no_song as missing
    from days
    union all
    select 'artist' as field, day, is_recent, plays, no_artist as missing
    from days
    union all
    select 'length' as field, day, is_recent, plays, no_length as missing
    from days
    union all
    select 'level' as field, day, is_recent, plays, no_level as missing
    from days
    union all
    select 'location' as field, day, is_recent, plays, no_location as missing
    from days
    union all
    select 'user_agent' as field, day, is_recent, plays, no_user_agent as missing
    from days
),

before as (
    select field, sum(missing) / cast(sum(plays) as double precision) as share
    from fields
    where is_recent = 0
    group by field
)

select
    fields.field,
    fields.day,
    fields.plays,
    fields.missing,
    before.share as share_before
from fields
inner join before
    on before.field = fields.field
where
    fields.is_recent = 1
    and fields.plays >= 20
    and fields.missing > fields.plays * (before.share + cast($max_null_rise as double precision))
order by fields.field collate "C", fields.day;
