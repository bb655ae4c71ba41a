-- The other accepted events of the batch.
create temporary table staged_views (like page_views);
