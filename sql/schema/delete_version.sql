delete from sparkify_schema;
