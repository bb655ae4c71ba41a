-- The views of a range of time, for what a load compares with them.
-- Ids and times come nearly in order, which makes them cheap to keep.
create index if not exists page_views_by_time on page_views (start_time);
