-- Dimension. Grain: one user_id, as on the user's latest event.
create table if not exists users (
    user_id bigint not null,
    first_name varchar(1024),
    last_name varchar(1024),
    gender varchar(1024),
    level varchar(1024),
    registered_at timestamp,
    last_seen_at timestamp not null
);
