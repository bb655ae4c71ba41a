-- Staged events whose key the warehouse holds already, and whether the payload is the same: by the hash of the
-- decoder of the held event, the cluster or sparkify.
-- $first_time and $last_time bound the staged events' times, so that only that range of the facts is read.
with known as (
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
    known.payload_hash = staged.payload_hash or known.payload_hash = staged.cluster_hash as same_payload
from staged_keys as staged
inner join known
    on known.start_time = staged.start_time
    and known.session_id = staged.session_id
    and known.item_in_session = staged.item_in_session
    and coalesce(known.user_id, -9223372036854775807 - 1) = coalesce(staged.user_id, -9223372036854775807 - 1)
order by staged.row_no;
