-- A part of create_staged_events and create_staged_keys: the hash that the cluster gives to an event, of everything
-- outside its key. It is frozen, as warehouses hold it.
select
    cast(
        translate(
            substring(
                md5(
                    coalesce(cast(octet_length(artist) as varchar(8)) || ':' || artist, '-')
                    || '|' || coalesce(cast(octet_length(auth) as varchar(8)) || ':' || auth, '-')
                    || '|' || coalesce(cast(octet_length(first_name) as varchar(8)) || ':' || first_name, '-')
                    || '|' || coalesce(cast(octet_length(gender) as varchar(8)) || ':' || gender, '-')
                    || '|' || coalesce(cast(octet_length(last_name) as varchar(8)) || ':' || last_name, '-')
                    || '|' || coalesce(cast(length as varchar(32)), '-')
                    || '|' || coalesce(cast(octet_length(level) as varchar(8)) || ':' || level, '-')
                    || '|' || coalesce(cast(octet_length(location) as varchar(8)) || ':' || location, '-')
                    || '|' || coalesce(cast(octet_length(method) as varchar(8)) || ':' || method, '-')
                    || '|' || coalesce(cast(octet_length(page) as varchar(8)) || ':' || page, '-')
                    || '|' || coalesce(cast(registration as varchar(32)), '-')
                    || '|' || coalesce(cast(octet_length(song) as varchar(8)) || ':' || song, '-')
                    || '|' || coalesce(cast(status as varchar(32)), '-')
                    || '|' || coalesce(cast(octet_length(user_agent) as varchar(8)) || ':' || user_agent, '-')
                ),
                1, 18
            ),
            'abcdef', '012345'
        ) as bigint
    )
from staged_events;
