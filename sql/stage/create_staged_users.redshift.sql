-- Each user's latest event in the batch.
create temporary table if not exists staged_users (
    user_id bigint not null,
    first_name varchar(1024),
    last_name varchar(1024),
    gender varchar(1024),
    level varchar(1024),
    registered_at timestamp,
    last_seen_at timestamp not null,
    session_id bigint not null,
    item_in_session integer not null
);
