-- The lines of the log files as COPY reads them, everything nullable and wide: a garbled name takes up to eight times
-- the bytes of the repaired one, and a user agent comes in quotes. line_no is unique and has gaps.
create temporary table staged_lines (
    line_no bigint identity(0, 1),
    /* @fields lines
    text: {column} varchar(8192)
    hashed_time: {column} double precision
    event_time: {column} bigint
    any: {column} {type} */
) diststyle even;
