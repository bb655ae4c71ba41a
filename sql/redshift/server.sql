-- What has to be known of a cluster before it is used.
select
    version() as version,
    cast(current_schema() as varchar) as schema_name;
