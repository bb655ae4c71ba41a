-- title: Churn
-- answers: How many users cancel, in which week of their stay, and what goes before?
-- grain: one week of tenure; one measure of the users who left and of those who stayed
-- unit: users
-- chart: none
-- note: A user leaves with a Cancellation Confirmation page or an event whose auth is Cancelled.
-- note: Tenure counts from the user's first event in the window. At risk in a week are users who had not left and whose
-- note: week lies in the window to its end, or who left in it.
-- shares: digits
-- parameter: since
-- parameter: until
-- parameter: data_until
-- column: section text : hazard, by week of tenure; predictors, as means over users
-- column: item text : week of tenure, from 0; or the measure
-- column: at_risk integer : users at risk in the week
-- column: left_users integer : users who left in the week, or in the window
-- column: hazard share : those who left by those at risk
-- column: mean_of_left number.3 : the measure's mean over users who left
-- column: mean_of_stayed number.3 : its mean over users who stayed
-- column: caution text : why not to rely on the row
with window_end as (
    select least(cast($until as timestamp), max(start_time)) as end_time
    from (
        select max(start_time) as start_time from songplays where start_time <= cast($data_until as timestamp)
        union all
        select max(start_time) as start_time from page_views where start_time <= cast($data_until as timestamp)
    ) as ends
),

play_counts as (
    select
        user_id,
        count(*) as plays,
        min(start_time) as first_time,
        max(start_time) as last_play,
        max(start_time) as last_time
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
    group by user_id
),

view_counts as (
    select
        user_id,
        sum(case when page = 'Thumbs Down' then 1 else 0 end) as thumbs_down,
        sum(case when page = 'Error' then 1 else 0 end) as errors,
        sum(case when page = 'Roll Advert' then 1 else 0 end) as adverts,
        min(start_time) as first_time,
        max(start_time) as last_time,
        min(case when page = 'Cancellation Confirmation' or auth = 'Cancelled' then start_time end) as left_at
    from page_views
    where
        user_id is not null
        and start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
    group by user_id
),

user_ids as (
    select user_id from play_counts
    union
    select user_id from view_counts
),

user_stays as (
    select
        user_ids.user_id,
        cast(coalesce(play_counts.plays, 0) as double precision) as plays,
        cast(coalesce(view_counts.thumbs_down, 0) as double precision) as thumbs_down,
        cast(coalesce(view_counts.errors, 0) as double precision) as errors,
        cast(coalesce(view_counts.adverts, 0) as double precision) as adverts,
        view_counts.left_at,
        coalesce(
            least(play_counts.first_time, view_counts.first_time),
            play_counts.first_time,
            view_counts.first_time
        ) as first_time,
        date_part('epoch', coalesce(view_counts.left_at, window_end.end_time) - play_counts.last_play) / 86400
            as days_since_play,
        date_part(
            'epoch',
            coalesce(view_counts.left_at, window_end.end_time) - coalesce(
                least(play_counts.first_time, view_counts.first_time),
                play_counts.first_time,
                view_counts.first_time
            )
        ) / 604800 as weeks
    from user_ids
    left join play_counts
        on play_counts.user_id = user_ids.user_id
    left join view_counts
        on view_counts.user_id = user_ids.user_id
    cross join window_end
),

weeks as (
    select a.n + 10 * b.n + 100 * c.n as week
    from digits as a
    cross join digits as b
    cross join digits as c
),

hazards as (
    select
        weeks.week,
        sum(
            case when user_stays.left_at is not null or user_stays.weeks >= weeks.week + 1 then 1 else 0 end
        ) as at_risk,
        sum(
            case when user_stays.left_at is not null and user_stays.weeks < weeks.week + 1 then 1 else 0 end
        ) as left_users
    from weeks
    inner join user_stays
        on user_stays.weeks >= weeks.week
    group by weeks.week
),

measures as (
    select 1 as place, 'thumbs down per 100 plays' as measure, left_at, 100 * thumbs_down / plays as value
    from user_stays
    where plays > 0
    union all
    select 2 as place, 'errors per 100 plays' as measure, left_at, 100 * errors / plays as value
    from user_stays
    where plays > 0
    union all
    select 3 as place, 'adverts per 100 plays' as measure, left_at, 100 * adverts / plays as value
    from user_stays
    where plays > 0
    union all
    select 4 as place, 'days since the last play' as measure, left_at, days_since_play as value
    from user_stays
    where plays > 0
),

predictors as (
    select
        place,
        measure,
        sum(case when left_at is null then 0 else 1 end) as left_users,
        avg(case when left_at is null then null else value end) as mean_of_left,
        avg(case when left_at is null then value end) as mean_of_stayed
    from measures
    group by place, measure
),

lines as (
    select
        1 as part,
        week as place,
        cast(week as varchar) as item,
        at_risk,
        left_users,
        cast(left_users as double precision) / cast(at_risk as double precision) as hazard,
        cast(null as double precision) as mean_of_left,
        cast(null as double precision) as mean_of_stayed,
        case when at_risk < 20 then 'fewer than 20 users at risk' end as caution
    from hazards
    where at_risk > 0
    union all
    select
        2 as part,
        place,
        measure as item,
        null as at_risk,
        left_users,
        null as hazard,
        mean_of_left,
        mean_of_stayed,
        case
            when left_users = 0 then 'nobody left'
            when left_users < 5 then 'fewer than 5 users left'
        end as caution
    from predictors
)

select
    case when part = 1 then 'hazard' else 'predictors' end as section,
    item,
    cast(at_risk as bigint) as at_risk,
    cast(left_users as bigint) as left_users,
    hazard,
    mean_of_left,
    mean_of_stayed,
    caution
from lines
order by part, place;
