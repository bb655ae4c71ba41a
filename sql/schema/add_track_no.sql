alter table songplays add column track_no integer;
