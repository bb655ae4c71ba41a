-- Every accepted play becomes one row, matched to a song or not; staging has looked the song up.
insert into songplays
select
    /* @fields songplays */
from staged_plays;
