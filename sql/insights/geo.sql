-- title: Places
-- answers: Where is the music played?
-- grain: one metropolitan area, or one state
-- unit: plays
-- chart: bars place plays
-- note: An area that lies in several states counts once as an area, and in equal parts in each of its states; so a
-- note: state's plays and users can be fractions.
-- shares: digits
-- parameter: since
-- parameter: until
-- parameter: level
-- parameter: top integer 20 1..100000 : how many of each kind to show
-- column: kind text : metro or state
-- column: place text : name of the area without its states, or the state's letters
-- column: states text : states of the area
-- column: plays number.1 : plays in the window
-- column: users number.1 : distinct users; in a state, parts of them
-- column: plays_per_user number.1 : plays by users
-- column: share share : part of all plays in the window
-- column: caution text : why not to rely on the row
with metro_users as (
    select
        coalesce(location, 'unknown') as location,
        user_id,
        count(*) as plays
    from songplays
    where
        start_time >= cast($since as timestamp)
        and start_time < cast($until as timestamp)
        and (cast($level as varchar) is null or level = cast($level as varchar))
    group by coalesce(location, 'unknown'), user_id
),

metros as (
    select
        location,
        trim(both ' ' from split_part(location, ',', 1)) as place,
        trim(both ' ' from split_part(location, ',', 2)) as states,
        cast(sum(plays) as double precision) as plays,
        cast(count(*) as double precision) as users
    from metro_users
    group by location
),

metro_states as (
    select
        split_part(metros.states, '-', digits.n) as place,
        metros.plays * 2520 / (1 + length(metros.states) - length(replace(metros.states, '-', ''))) as plays,
        metros.users * 2520 / (1 + length(metros.states) - length(replace(metros.states, '-', ''))) as users
    from metros
    inner join digits
        on digits.n between 1 and 1 + length(metros.states) - length(replace(metros.states, '-', ''))
    where metros.states <> ''
),

places as (
    select 1 as kind, place, states, plays, users
    from metros
    union all
    -- Whole numbers, as 2520 has all parts up to a ninth, so that the order in which they are added up does not matter.
    select 2 as kind, place, '' as states, sum(plays) / 2520 as plays, sum(users) / 2520 as users
    from metro_states
    group by place
),

totals as (
    select sum(plays) as plays
    from metros
),

ranked as (
    select
        kind,
        place,
        states,
        plays,
        users,
        rank() over (partition by kind order by plays desc, users desc) as place_rank
    from places
)

select
    case when ranked.kind = 1 then 'metro' else 'state' end as kind,
    ranked.place,
    case when ranked.kind = 1 then ranked.states end as states,
    ranked.plays,
    ranked.users,
    ranked.plays / ranked.users as plays_per_user,
    ranked.plays / totals.plays as share,
    case when ranked.users < 5 then 'fewer than 5 users' end as caution
from ranked
cross join totals
where ranked.place_rank <= cast($top as integer)
order by ranked.kind, ranked.place_rank, ranked.place collate "C", ranked.states collate "C";
