-- title: Changes of level
-- answers: How many users go from free to paid and back, and how long does it take them?
-- grain: one kind of change
-- unit: changes
-- chart: none
-- note: A change is dated by the user's first event at the new level.
-- parameter: since
-- parameter: until
-- column: change text : from which level to which, or any
-- column: changes integer : changes in the window
-- column: users integer : users who made them
-- column: users_with_several integer : of these, users with more than one change of the kind
-- column: timed_users integer : of these, users who had played before their first such change
-- column: median_days number.1 : their median time from the first play to the first such change
-- column: caution text : why not to rely on the median
with stays as (
    select
        user_id,
        level,
        valid_from,
        lag(level) over (partition by user_id order by valid_from) as level_before
    from user_levels
),

changes as (
    select
        user_id,
        level_before || ' to ' || level as change,
        valid_from
    from stays
    where
        level_before is not null
        and valid_from >= cast($since as timestamp)
        and valid_from < cast($until as timestamp)
),

kinds as (
    select 1 as place, 'free to paid' as change
    union all
    select 2 as place, 'paid to free' as change
    union all
    select 3 as place, 'any' as change
),

user_changes as (
    select
        kinds.change,
        changes.user_id,
        count(*) as changes,
        min(changes.valid_from) as first_change
    from changes
    inner join kinds
        on
            kinds.change = changes.change
            or kinds.change = 'any'
    group by kinds.change, changes.user_id
),

first_plays as (
    select
        user_id,
        min(start_time) as start_time
    from songplays
    group by user_id
),

waits as (
    select
        user_changes.change,
        date_part('epoch', user_changes.first_change - first_plays.start_time) / 86400 as days
    from user_changes
    inner join first_plays
        on first_plays.user_id = user_changes.user_id
    where first_plays.start_time < user_changes.first_change
),

waited as (
    select
        change,
        count(*) as users,
        percentile_cont(0.5) within group (order by days) as median_days
    from waits
    group by change
),

counted as (
    select
        change,
        sum(changes) as changes,
        count(*) as users,
        sum(case when changes > 1 then 1 else 0 end) as users_with_several
    from user_changes
    group by change
)

select
    kinds.change,
    cast(coalesce(counted.changes, 0) as bigint) as changes,
    coalesce(counted.users, 0) as users,
    cast(coalesce(counted.users_with_several, 0) as bigint) as users_with_several,
    coalesce(waited.users, 0) as timed_users,
    waited.median_days,
    case when coalesce(waited.users, 0) < 5 then 'fewer than 5 users' end as caution
from kinds
left join counted
    on counted.change = kinds.change
left join waited
    on waited.change = kinds.change
order by kinds.place;
