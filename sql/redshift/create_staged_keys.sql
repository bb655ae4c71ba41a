-- The keys of the staged lines, with the hash that the cluster gives to an event whose line it read itself.
create temporary table staged_keys diststyle even as
select
    row_no,
    ts as start_time,
    user_id,
    session_id,
    item_in_session,
    payload_hash,
    /* @redshift/payload_hash */ as cluster_hash
from staged_events;
