alter table songplays add column next_track_no integer;
