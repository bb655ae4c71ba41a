alter table songplays add column next_play_time timestamp;
