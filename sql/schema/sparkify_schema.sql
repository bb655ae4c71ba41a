-- Which version of this schema the warehouse has: one row.
create table if not exists sparkify_schema (
    version integer not null
);
