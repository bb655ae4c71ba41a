-- A part of create_staged_events and create_staged_keys: the hash that the cluster gives to an event, of everything
-- outside its key. It is frozen, as warehouses hold it.
select
    cast(
        translate(
            substring(
                md5(
                    /* @fields lines.hashed_first by || '|' ||
                    text: coalesce(cast(octet_length({column}) as varchar(8)) || ':' || {column}, '-')
                    any: coalesce(cast({column} as varchar(32)), '-') */
                    /* @fields lines.hashed_later each ||
                    text: coalesce('|{column}=' || cast(octet_length({column}) as varchar(8)) || ':' || {column}, '')
                    any: coalesce('|{column}=' || cast({column} as varchar(32)), '') */
                ),
                1, 18
            ),
            'abcdef', '012345'
        ) as bigint
    )
from staged_events;
