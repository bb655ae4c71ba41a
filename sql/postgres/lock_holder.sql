-- Who has the lock that try_lock asks for.
select
    locks.pid,
    cast(activity.usename as varchar) as user_name,
    activity.application_name,
    cast(activity.client_addr as varchar) as address
from pg_locks as locks
inner join pg_database as databases
    on databases.oid = locks.database
left join pg_stat_activity as activity
    on activity.pid = locks.pid
where
    locks.locktype = 'advisory'
    and locks.granted
    and databases.datname = current_database()
    and cast(locks.classid as bigint) = 1936748395
    and cast(locks.objid as bigint) = cast(hashtext(cast(current_schema() as varchar)) as bigint) & 4294967295;
