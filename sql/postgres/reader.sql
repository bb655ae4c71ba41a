-- Whether the user may do everything on the server, and the schemas in use, for a search path that does not
-- depend on the user. Grain: one row.
select
    pg_roles.rolsuper as is_superuser,
    (
        select string_agg(quote_ident(schemas.name), ', ' order by schemas.place)
        from unnest(current_schemas(false)) with ordinality as schemas (name, place)
    ) as search_path
from pg_roles
where pg_roles.rolname = current_user;
