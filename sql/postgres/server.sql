-- What has to be known of a server before it is used.
select
    version() as version,
    cast(current_setting('server_version_num') as integer) as version_number,
    current_setting('server_encoding') as encoding,
    cast(current_schema() as varchar) as schema_name;
