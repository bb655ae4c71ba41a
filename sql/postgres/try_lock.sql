-- Takes the lock of this schema's warehouse until the connection ends, if nobody has it. The first number is sparkify's
-- own.
select pg_try_advisory_lock(1936748395, hashtext(cast(current_schema() as varchar))) as taken;
