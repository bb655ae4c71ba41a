insert into page_views
select
    view_id,
    start_time,
    user_id,
    level,
    session_id,
    item_in_session,
    page,
    method,
    status,
    auth,
    location,
    user_agent,
    payload_hash
from staged_views;
