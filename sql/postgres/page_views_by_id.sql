-- The views that a load added, for the checks before it commits.
-- Ids and times come nearly in order, which makes them cheap to keep.
create index if not exists page_views_by_id on page_views (view_id);
