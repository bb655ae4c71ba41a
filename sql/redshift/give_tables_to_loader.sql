-- Redshift's tables belong to a user and to no role, so the role is given all that a load does to them.
grant select, insert, update, delete, drop, truncate, alter
on
    sparkify_schema, songplays, users, songs, artists, time, tracks, page_views, user_levels, staging_songs,
    load_runs, load_files, load_rejects, load_lock
to role loader;
