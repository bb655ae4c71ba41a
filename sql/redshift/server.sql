-- What has to be known of a cluster before it is used.
select
    version() as version,
    cast(current_schema() as varchar(128)) as schema_name,
    cast(getdate() as varchar(32)) as connected_at;
