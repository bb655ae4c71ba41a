-- The plays that a load added, for the checks before it commits.
-- Ids and times come nearly in order, which makes them cheap to keep.
create index if not exists songplays_by_id on songplays (songplay_id);
