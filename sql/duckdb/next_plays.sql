-- What sql/shared/next_plays.sql works out, from what is kept of sql/duckdb/heard.sql. Grain: one play of the window.
create or replace temporary view next_plays as
select
    start_time,
    level,
    length,
    next_play_time as next_time
from heard;
