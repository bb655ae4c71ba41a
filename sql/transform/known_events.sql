-- Staged events whose key the warehouse holds already, and whether the payload is the same.
-- $first_time and $last_time bound the staged events' times, so that only that range of the facts is read.
with staged as (
    select row_no, start_time, user_id, session_id, item_in_session, payload_hash
    from staged_keys
    where start_time between $first_time and $last_time
),

known as (
    select start_time, user_id, session_id, item_in_session, payload_hash
    from songplays
    where start_time between $first_time and $last_time
    union all
    select start_time, user_id, session_id, item_in_session, payload_hash
    from page_views
    where start_time between $first_time and $last_time
)

select
    staged.row_no,
    staged.payload_hash = known.payload_hash as same_payload
from staged
inner join known
    on known.start_time = staged.start_time
    and known.session_id = staged.session_id
    and known.item_in_session = staged.item_in_session
    and coalesce(known.user_id, -9223372036854775807 - 1) = coalesce(staged.user_id, -9223372036854775807 - 1);
