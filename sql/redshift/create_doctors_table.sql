-- What the doctor copies an object into.
create temporary table doctors_table (
    number integer
);
