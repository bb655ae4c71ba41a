-- Every other accepted event becomes one row. They come from the batch at once, without a table in between.
copy page_views (
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
)
from stdin with binary;
