-- Dimension. Grain: one user_id, as on the user's latest event.
create table if not exists users (
    user_id bigint not null,
    first_name varchar,
    last_name varchar,
    gender varchar,
    level varchar,
    registered_at timestamp,
    last_seen_at timestamp not null
);
