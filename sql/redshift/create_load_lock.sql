-- The table that a load locks: a table of its own, so that nobody who reads the others has to wait. It has no rows.
create table if not exists load_lock (
    holder varchar(64)
);
