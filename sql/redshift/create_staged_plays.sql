-- The accepted plays of the batch.
create temporary table staged_plays (like songplays);
