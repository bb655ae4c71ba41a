#!/usr/bin/env python3
"""The star schema by ClickHouse embedded in the process (chdb), as MergeTree tables.

    clickhouse_script.py LOGS_DIR SONGS_DIR OUT_DIR

Prints one JSON line with row counts. With BENCH_STEPS=1 in the environment it prints the time of each step on stderr.
"""
import json
import os
import pathlib
import shutil
import sys
import time

from chdb import session

from common import join_songs

LOG_COLUMNS = """
    artist Nullable(String), auth Nullable(String), firstName Nullable(String), gender Nullable(String),
    itemInSession Int32, lastName Nullable(String), length Nullable(Float64), level Nullable(String),
    location Nullable(String), method Nullable(String), page String, registration Nullable(Float64), sessionId Int64,
    song Nullable(String), status Nullable(Int16), ts Int64, userAgent Nullable(String), userId String"""

SONG_COLUMNS = """
    song_id String, title String, artist_id String, artist_name String, artist_location Nullable(String),
    artist_latitude Nullable(Float64), artist_longitude Nullable(Float64), duration Nullable(Float64),
    year Nullable(Int32)"""

READ = [
    ("read logs", f"""
create table star.staging_events engine = Memory as
select artist, auth, firstName as first_name, gender, itemInSession as item_in_session, lastName as last_name, length,
       level, location, method, page, registration, sessionId as session_id, song, status, ts,
       if(startsWith(userAgent, '"') and endsWith(userAgent, '"') and length(userAgent) > 1,
          substring(userAgent, 2, length(userAgent) - 2), userAgent) as user_agent,
       toInt64OrNull(userId) as user_id, generateSnowflakeID() as id
from file('{{logs}}', 'JSONEachRow', '{LOG_COLUMNS}')
"""),
    ("read songs", f"""
create table star.staging_songs engine = Memory as
select song_id, title, artist_id, artist_name, nullIf(artist_location, '') as artist_location, artist_latitude,
       artist_longitude, duration, nullIf(year, 0) as year
from file('{{songs}}', 'JSONEachRow', '{SONG_COLUMNS}') limit 1 by song_id
"""),
]

# A key that comes twice has the same hash twice, so as many hashes as rows means that every key comes once.
ANY_REPEATED = """
select count() - uniqExact(cityHash64(ifNull(user_id, -1), session_id, item_in_session, ts)) from star.staging_events
"""

LEAVE_OUT_REPEATED = """
create table star.extra_rows engine = Memory as
select arrayJoin(arraySlice(arraySort(groupArray(id)), 2)) as id
from star.staging_events group by user_id, session_id, item_in_session, ts having count() > 1
"""

TABLES = [
    ("songs", """
create table star.songs engine = MergeTree order by song_id as
select song_id, title, artist_id, year, duration, artist_name from star.staging_songs
"""),
    ("artists", """
create table star.artists engine = MergeTree order by artist_id as
select n.artist_id as artist_id, name, location, latitude, longitude
from (select artist_id, artist_name as name from star.staging_songs group by artist_id, artist_name
      order by count() desc, lengthUTF8(artist_name), artist_name limit 1 by artist_id) n
join (select artist_id, artist_location as location, artist_latitude as latitude, artist_longitude as longitude
      from star.staging_songs
      order by isNull(location) + isNull(latitude) + isNull(longitude), song_id limit 1 by artist_id) p
  on n.artist_id = p.artist_id
"""),
    # As in the DuckDB script: songs of the same title and artist share the range of lengths between them. The half
    # way point goes to the longer song here, which only matters for a play exactly between two.
    ("song ranges", """
create table star.song_ranges engine = Memory as
select title, artist_name, song_id, artist_id,
       if(number = 1, -inf, (before + duration) / 2) as from_length,
       if(number = songs, inf, (duration + after) / 2) as below_length,
       song_id = lowest as is_lowest
from (select title, artist_name, duration, song_id, artist_id,
             lagInFrame(duration) over near as before, leadInFrame(duration) over near as after,
             row_number() over near as number, count() over same as songs, min(song_id) over same as lowest
      from (select title, artist_name, ifNull(s.duration, 1e300) as duration, min(s.song_id) as song_id,
                   argMin(s.artist_id, s.song_id) as artist_id
            from star.staging_songs s group by title, artist_name, duration)
      window near as (partition by title, artist_name order by duration
                      rows between unbounded preceding and unbounded following),
             same as (partition by title, artist_name))
"""),
    ("songplays", """
create table star.songplays engine = MergeTree order by tuple() as
select id as songplay_id, fromUnixTimestamp64Milli(e.ts, 'UTC') as start_time, user_id, level, s.song_id as song_id,
       s.artist_id as artist_id, session_id, location, user_agent, item_in_session, song, artist, length,
       if(s.song_id is not null, 'exact', null) as match_method
from star.staging_events e
left join star.song_ranges s
  on s.title = e.song and s.artist_name = e.artist
 and ((e.length >= s.from_length and e.length < s.below_length) or (e.length is null and s.is_lowest))
where page = 'NextSong' {not_extra}
settings join_use_nulls = 1
"""),
    ("page_views", """
create table star.page_views engine = MergeTree order by tuple() as
select id as view_id, fromUnixTimestamp64Milli(ts, 'UTC') as start_time, user_id, level, session_id, item_in_session,
       page, method, status, auth, location, user_agent
from star.staging_events where page != 'NextSong' {not_extra}
"""),
    ("users", """
create table star.users engine = MergeTree order by user_id as
select assumeNotNull(user_id) as user_id, first_name, last_name, gender, level,
       fromUnixTimestamp64Milli(toInt64(registration), 'UTC') as registered_at,
       fromUnixTimestamp64Milli(ts, 'UTC') as last_seen_at
from star.staging_events
where (user_id, ts) in (select user_id, max(ts) from star.staging_events where user_id is not null group by user_id)
order by session_id desc, item_in_session desc limit 1 by user_id
"""),
    # Users of one level all along need no ordering; the others are ordered event by event.
    ("user_levels", """
create table star.user_levels engine = MergeTree order by (user_id, valid_from) as
with spans as (
    select user_id, min(ts) as first_ts, min(level) as low, max(level) as high
    from star.staging_events where user_id is not null group by user_id),
changes as (
    select user_id, level, ts, session_id, item_in_session
    from (select user_id, level, ts, session_id, item_in_session,
                 lagInFrame(level) over (partition by user_id order by ts, session_id, item_in_session
                                         rows between 1 preceding and current row) as level_before
          from star.staging_events where user_id in (select user_id from spans where low != high))
    where level_before is null or level != level_before),
stays as (
    select user_id, level, ts,
           leadInFrame(toNullable(ts)) over (partition by user_id order by ts, session_id, item_in_session
                                             rows between current row and 1 following) as next_ts
    from changes
    union all
    select user_id, low, first_ts, null from spans where low = high)
select assumeNotNull(user_id) as user_id, level, fromUnixTimestamp64Milli(ts, 'UTC') as valid_from,
       fromUnixTimestamp64Milli(next_ts, 'UTC') as valid_to, next_ts is null as is_current
from stays
"""),
    ("time", """
create table star.time engine = MergeTree order by tuple() as
select start_time, toHour(start_time) as hour, toDayOfMonth(start_time) as day, toISOWeek(start_time) as week,
       toMonth(start_time) as month, toYear(start_time) as year, toDayOfWeek(start_time) as weekday
from (select distinct fromUnixTimestamp64Milli(ts, 'UTC') as start_time
      from star.staging_events where page = 'NextSong')
"""),
]

COUNTS = """
select (select count() from star.songplays) as songplays, (select count() from star.page_views) as page_views,
       (select count() from star.users) as users, (select count() from star.songs) as songs,
       (select count() from star.artists) as artists, (select count() from star.time) as time,
       (select count(song_id) from star.songplays) as matched, (select count() from star.user_levels) as user_levels
"""


def main():
    """Builds the tables and prints their row counts."""
    logs, songs, out = map(pathlib.Path, sys.argv[1:])
    shutil.rmtree(out, ignore_errors=True)
    joined = join_songs(songs, out.with_name(out.name + ".songs.json"))
    db = session.Session(str(out))
    names = {"{logs}": f"{logs.absolute()}/**/*.json", "{songs}": str(joined.absolute()), "{not_extra}": ""}

    def run(step, sql, shape="CSV"):
        for name, value in names.items():
            sql = sql.replace(name, value)
        start = time.perf_counter()
        answer = str(db.query(sql, shape))
        if os.environ.get("BENCH_STEPS"):
            print(f"{step:16} {time.perf_counter() - start:6.2f} s", file=sys.stderr)
        return answer

    run("database", "create database star")
    for step, sql in READ:
        run(step, sql)
    if int(run("find duplicates", ANY_REPEATED)):
        run("list duplicates", LEAVE_OUT_REPEATED)
        names["{not_extra}"] = "and id not in (select id from star.extra_rows)"
    for step, sql in TABLES:
        run(step, sql)
    counts = json.loads(run("counts", COUNTS, "JSONEachRow"))
    start = time.perf_counter()
    db.close()
    if os.environ.get("BENCH_STEPS"):
        print(f"{'close':16} {time.perf_counter() - start:6.2f} s", file=sys.stderr)
    joined.unlink()
    print(json.dumps({name: int(rows) for name, rows in counts.items()}))


if __name__ == "__main__":
    main()
