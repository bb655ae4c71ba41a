drop table continued_sessions;
