-- With --keep-staging: every decoded line of the run, duplicates included.
insert into staging_events
select
    /* @fields lines */
from staged_events;
