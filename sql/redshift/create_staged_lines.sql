-- The lines of the log files as COPY reads them, everything nullable and wide: a garbled name takes up to eight times
-- the bytes of the repaired one, and a user agent comes in quotes. line_no is unique and has gaps.
create temporary table staged_lines (
    line_no bigint identity(0, 1),
    artist varchar(8192),
    auth varchar(8192),
    first_name varchar(8192),
    gender varchar(8192),
    item_in_session integer,
    last_name varchar(8192),
    length double precision,
    level varchar(8192),
    location varchar(8192),
    method varchar(8192),
    page varchar(8192),
    registration double precision,
    session_id bigint,
    song varchar(8192),
    status smallint,
    ts bigint,
    user_agent varchar(8192),
    user_id bigint
) diststyle even;
