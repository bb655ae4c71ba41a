-- The keys of the batch's events, in the range of time that they share with the facts.
create temporary table staged_keys (
    row_no bigint not null,
    start_time timestamp not null,
    user_id bigint,
    session_id bigint not null,
    item_in_session integer not null,
    payload_hash bigint not null
);
