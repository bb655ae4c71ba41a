-- Every accepted play becomes one row, matched to a song or not; staging has looked the song up. The rows come from the
-- batch at once, without a table in between.
copy songplays (
    /* @fields songplays */
)
from stdin with binary;
