-- The database's isolation level.
select trim(isolation_level) as isolation_level
from stv_db_isolation_level
where trim(db_name) = current_database();
