-- The plays that contested_plays and insert_songplays look at: those staged, whose key_no decoding looked up.
create or replace temporary view plays_to_match as
select *
from staged_plays;
