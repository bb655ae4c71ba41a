drop table continued_plays;
