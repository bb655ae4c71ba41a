-- The plays of a range of time, for what a load compares with them.
-- Ids and times come nearly in order, which makes them cheap to keep.
create index if not exists songplays_by_time on songplays (start_time);
