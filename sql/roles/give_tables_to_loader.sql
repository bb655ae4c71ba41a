-- Redshift's tables belong to a user and to no role, so the role is given all that a load does to them.
grant select, insert, update, delete, drop, truncate, alter on all tables in schema public to role loader;
