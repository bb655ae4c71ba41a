-- With --keep-staging: every decoded line of the run, duplicates included, from the batch at once.
copy staging_events (
    /* @fields lines */
)
from stdin with binary;
