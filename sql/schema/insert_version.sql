insert into sparkify_schema (version)
values ($version);
