-- What has the name of a warehouse table but would not keep rows where a load puts them: tables of this
-- connection alone, which hide those of the schema, and tables that a crash of the server empties.
select
    cast(relations.relname as varchar) as table_name,
    case relations.relpersistence
        when 't' then 'temporary'
        when 'u' then 'unlogged'
        else 'in another schema'
    end as fault
from pg_catalog.pg_class as relations
where
    cast(relations.relname as text) = any(cast($1 as text []))
    and pg_catalog.pg_table_is_visible(relations.oid)
    and (
        relations.relpersistence <> 'p'
        or relations.relnamespace <> cast(quote_ident(current_schema()) as regnamespace)
    )
order by relations.relname;
