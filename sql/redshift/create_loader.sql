-- The role of those who load.
create role loader;
