-- The star, with the version of its tables and the counts of the runs, which answers stand on; read only. Neither
-- quarantined lines, which are raw, nor the ledger of files with the sources' names.
grant select
on songplays, page_views, users, user_levels, songs, artists, time, tracks, sparkify_schema, load_runs
to role analyst;
