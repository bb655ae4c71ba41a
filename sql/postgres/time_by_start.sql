-- The instants of a range of time, to add only those that are missing.
-- Ids and times come nearly in order, which makes them cheap to keep.
create index if not exists time_by_start on time (start_time);
