insert into sparkify_schema (version)
values ($1);
