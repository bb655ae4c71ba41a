-- With --keep-staging: every decoded line of the run, duplicates included.
insert into staging_events
select
    /* @fields lines
    hashed_time: timestamp 'epoch' + {column} / 1000.0 * interval '1 second' as {column}
    any: {column} */
from staged_events;
