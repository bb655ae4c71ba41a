alter table songplays add column next_event_time timestamp;
