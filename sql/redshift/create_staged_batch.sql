-- Decoded lines of the batch, as far as the warehouse may know their events already, or all of them with
-- --keep-staging. registration is in milliseconds since 1970.
create temporary table staged_events (
    row_no bigint not null,
    payload_hash bigint not null,
    /* @fields lines
    hashed_time: {column} bigint
    any: {column} {type} */
) diststyle even;
