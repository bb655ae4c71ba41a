-- With --keep-staging only. Grain: one decoded log line of the last load.
create table staging_events (
    /* @fields lines: {column} {type} */
);
