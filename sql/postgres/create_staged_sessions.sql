-- The sessions of the batch's events that have a user.
create temporary table staged_sessions (
    session_id bigint not null,
    user_id bigint not null
);
