-- Each user's latest event in the batch.
create temporary table if not exists staged_users (
    user_id bigint not null,
    first_name varchar,
    last_name varchar,
    gender varchar,
    level varchar,
    registered_at timestamp,
    last_seen_at timestamp not null,
    session_id bigint not null,
    item_in_session integer not null
);
