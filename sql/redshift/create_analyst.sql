-- The role of those who ask.
create role analyst;
