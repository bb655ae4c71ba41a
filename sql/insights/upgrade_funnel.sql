-- title: Upgrades and downgrades, step by step
-- answers: How many users look at the upgrade, ask for it, and get it within a day?
-- grain: one step of a funnel
-- unit: users
-- chart: none
-- note: A step counts when it comes at or after the one before it, all in the window. The request itself still has the
-- note: old level, so the last step is the first event at the new level within 24 hours behind a request.
-- note: Adverts are held against the hours heard at free before that first event.
-- shares: heard
-- parameter: since
-- parameter: until
-- column: funnel text : upgrade or downgrade
-- column: step text : what the user did
-- column: users integer : users who came so far
-- column: share_of_first share : part of those at the funnel's first step
-- column: share_of_step_before share : part of those at the step before
-- column: adverts_per_free_hour number.2 : at the last step of the upgrade, adverts by free listening hour before it
-- column: caution text : why not to rely on the row
with steps as (
    select 1 as funnel, 'upgrade' as name, 'Upgrade' as page, 'Submit Upgrade' as request, 'paid' as level
    union all
    select 2, 'downgrade', 'Downgrade', 'Submit Downgrade', 'free'
),

pages as (
    select
        steps.funnel,
        page_views.user_id,
        min(page_views.start_time) as start_time
    from steps
    inner join page_views
        on page_views.page = steps.page
    where
        page_views.user_id is not null
        and page_views.start_time >= cast($since as timestamp)
        and page_views.start_time < cast($until as timestamp)
    group by steps.funnel, page_views.user_id
),

requests as (
    select
        pages.funnel,
        pages.user_id,
        page_views.start_time
    from pages
    inner join steps
        on steps.funnel = pages.funnel
    inner join page_views
        on
            page_views.user_id = pages.user_id
            and page_views.page = steps.request
    where
        page_views.start_time >= pages.start_time
        and page_views.start_time < cast($until as timestamp)
),

-- The first event at a level after a request is where a stay at it begins, or the request itself within one.
arrivals as (
    select
        requests.funnel,
        requests.user_id,
        min(greatest(user_levels.valid_from, requests.start_time)) as start_time
    from requests
    inner join steps
        on steps.funnel = requests.funnel
    inner join user_levels
        on
            user_levels.user_id = requests.user_id
            and user_levels.level = steps.level
    where
        user_levels.valid_from <= requests.start_time + interval '24 hours'
        and user_levels.valid_from < cast($until as timestamp)
        and (user_levels.valid_to is null or user_levels.valid_to > requests.start_time)
    group by requests.funnel, requests.user_id
),

-- What the users who upgraded did at free until then.
upgraders as (
    select user_id, start_time
    from arrivals
    where funnel = 1
),

free_hours as (
    select sum(heard.seconds) / 3600 as hours
    from heard
    inner join upgraders
        on upgraders.user_id = heard.user_id
    where
        heard.level = 'free'
        and heard.start_time < upgraders.start_time
),

adverts as (
    select count(*) as adverts
    from page_views
    inner join upgraders
        on upgraders.user_id = page_views.user_id
    where
        page_views.page = 'Roll Advert'
        and page_views.level = 'free'
        and page_views.start_time >= cast($since as timestamp)
        and page_views.start_time < upgraders.start_time
),

reached as (
    select funnel, 1 as step, count(*) as users from pages group by funnel
    union all
    select funnel, 2 as step, count(distinct user_id) as users from requests group by funnel
    union all
    select funnel, 3 as step, count(*) as users from arrivals group by funnel
),

funnels as (
    select
        steps.funnel,
        steps.name,
        numbers.step,
        case numbers.step
            when 1 then steps.page || ' page'
            when 2 then steps.request
            else 'first ' || steps.level || ' event within 24 h'
        end as step_name,
        coalesce(reached.users, 0) as users
    from steps
    cross join (
        select 1 as step
        union all select 2
        union all select 3
    ) as numbers
    left join reached
        on
            reached.funnel = steps.funnel
            and reached.step = numbers.step
),

compared as (
    select
        funnel,
        name,
        step,
        step_name,
        users,
        first_value(users) over (
            partition by funnel
            order by step
            rows between unbounded preceding and current row
        ) as first_users,
        lag(users) over (partition by funnel order by step) as users_before
    from funnels
)

select
    compared.name as funnel,
    compared.step_name as step,
    compared.users,
    case when compared.first_users > 0 then cast(compared.users as double precision) / compared.first_users end
        as share_of_first,
    case when compared.users_before > 0 then cast(compared.users as double precision) / compared.users_before end
        as share_of_step_before,
    case
        when compared.funnel = 1 and compared.step = 3 and free_hours.hours > 0
            then cast(adverts.adverts as double precision) / free_hours.hours
    end as adverts_per_free_hour,
    case when compared.first_users < 5 then 'fewer than 5 users' end as caution
from compared
cross join free_hours
cross join adverts
order by compared.funnel, compared.step;
