-- Takes the lock of this schema's warehouse until the transaction ends, if nobody has it: poolers hand one connection
-- to many, but not in the middle of a transaction. The first number is sparkify's own.
select pg_try_advisory_xact_lock(1936748395, hashtext(cast(current_schema() as varchar))) as taken;
