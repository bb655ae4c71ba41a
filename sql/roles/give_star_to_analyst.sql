-- The star, read only: neither quarantined lines, which are raw, nor the ledger with the sources' names.
grant select
on songplays, page_views, users, user_levels, songs, artists, time
to role analyst;
