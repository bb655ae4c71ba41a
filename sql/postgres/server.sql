-- What has to be known of a server before it is used. The schema is the first of the connection's search_path that is
-- there and is not the server's own; readers find tables of their own in the rest of the path.
select
    version() as version,
    cast(current_setting('server_version_num') as integer) as version_number,
    current_setting('server_encoding') as encoding,
    (
        select cast(schemas.name as varchar)
        from unnest(current_schemas(false)) with ordinality as schemas (name, place)
        where schemas.name not in ('pg_catalog', 'information_schema')
        order by schemas.place
        limit 1
    ) as schema_name,
    (
        select string_agg(quote_ident(schemas.name), ', ' order by schemas.place)
        from unnest(current_schemas(false)) with ordinality as schemas (name, place)
        where left(cast(schemas.name as varchar), 3) <> 'pg_'
    ) as search_path;
