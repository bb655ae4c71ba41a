#!/usr/bin/env python3
"""The star schema by a plain DuckDB script: the best one that was found.

    duckdb_script.py LOGS_DIR SONGS_DIR OUT.duckdb

Reads everything, builds all tables in one transaction in a fresh file and prints one JSON line with row counts.
With BENCH_STEPS=1 in the environment it prints the time of each step on stderr.
"""
import json
import os
import pathlib
import sys
import time

import duckdb

from common import join_songs

# One balanced pair of quotes comes off; this form is several times as fast as trim() or a pattern.
USER_AGENT = """case when starts_with(e.user_agent, '"') and ends_with(e.user_agent, '"') and length(e.user_agent) > 1
            then substring(e.user_agent, 2, length(e.user_agent) - 2) else e.user_agent end"""

LOG_COLUMNS = """{
    artist: 'varchar', auth: 'varchar', firstName: 'varchar', gender: 'varchar', itemInSession: 'integer',
    lastName: 'varchar', length: 'double', level: 'varchar', location: 'varchar', method: 'varchar', page: 'varchar',
    registration: 'double', sessionId: 'bigint', song: 'varchar', status: 'smallint', ts: 'bigint',
    userAgent: 'varchar', userId: 'varchar'}"""

SONG_COLUMNS = """{
    song_id: 'varchar', title: 'varchar', artist_id: 'varchar', artist_name: 'varchar', artist_location: 'varchar',
    artist_latitude: 'double', artist_longitude: 'double', duration: 'double', year: 'integer'}"""

STEPS = [
    ("read logs", f"""
create temporary table staging_events as
select artist, auth, firstName as first_name, gender, itemInSession as item_in_session, lastName as last_name, length,
       level, location, method, page, registration, sessionId as session_id, song, status, ts,
       userAgent as user_agent, try_cast(userId as bigint) as user_id
from read_json('{{logs}}', format = 'newline_delimited', columns = {LOG_COLUMNS})
"""),
    ("read songs", f"""
create temporary table staging_songs as
with read as (
    select song_id, title, artist_id, artist_name, nullif(artist_location, '') as artist_location,
           artist_latitude, artist_longitude, duration, nullif(year, 0) as year
    from read_json('{{songs}}', format = 'unstructured', columns = {SONG_COLUMNS}))
select distinct on (song_id) * from read
"""),
    # A set of the keys that come more than once, with the row that stays: empty on clean logs, so leaving the others
    # out costs next to nothing below.
    ("find duplicates", """
create temporary table extra_rows as
select unnest(list(rowid)[2:]) as row_id
from staging_events
semi join (select hash(user_id, session_id, item_in_session, ts) as key
           from staging_events group by key having count(*) > 1) repeated
  on hash(user_id, session_id, item_in_session, ts) = repeated.key
group by user_id, session_id, item_in_session, ts
having count(*) > 1
"""),
    ("songs", """
create table songs as
select song_id, title, artist_id, year, duration, artist_name from staging_songs
"""),
    ("artists", """
create table artists as
with names as (
    select artist_id, artist_name as name
    from staging_songs group by artist_id, artist_name
    qualify row_number() over (partition by artist_id order by count(*) desc, length(artist_name), artist_name) = 1),
places as (
    select artist_id, artist_location as location, artist_latitude as latitude, artist_longitude as longitude
    from staging_songs
    qualify row_number() over (
        partition by artist_id
        order by (artist_location is not null)::int + (artist_latitude is not null)::int
                 + (artist_longitude is not null)::int desc, song_id) = 1)
select artist_id, name, location, latitude, longitude from names join places using (artist_id)
"""),
    # Songs that share title and artist name split the range of lengths between them, so that each play finds the
    # nearest by one join; at the same distance from two of them it is the lower song_id's. A play without a length
    # goes to the lowest song_id.
    ("song ranges", """
create temporary table song_ranges as
with candidates as (
    select title, artist_name, coalesce(duration, 1e300) as duration, min(song_id) as song_id,
           arg_min(artist_id, song_id) as artist_id
    from staging_songs group by all),
neighbours as (
    select *, lag(duration) over near as duration_before, lag(song_id) over near as song_before,
           lead(duration) over near as duration_after, lead(song_id) over near as song_after,
           song_id = min(song_id) over (partition by title, artist_name) as is_lowest
    from candidates window near as (partition by title, artist_name order by duration))
select title, artist_name, song_id, artist_id, is_lowest,
       case when duration_before is null then '-infinity'::double
            when song_before < song_id then nextafter((duration_before + duration) / 2, 'infinity'::double)
            else (duration_before + duration) / 2 end as from_length,
       case when duration_after is null then 'infinity'::double
            when song_id < song_after then nextafter((duration + duration_after) / 2, 'infinity'::double)
            else (duration + duration_after) / 2 end as below_length
from neighbours
"""),
    ("songplays", """
create table songplays as
select e.rowid as songplay_id, epoch_ms(e.ts) as start_time, e.user_id, e.level, s.song_id, s.artist_id, e.session_id,
       e.location, {user_agent} as user_agent, e.item_in_session, e.song, e.artist, e.length,
       case when s.song_id is not null then 'exact' end as match_method
from staging_events e
left join song_ranges s
  on s.title = e.song and s.artist_name = e.artist
 and ((e.length >= s.from_length and e.length < s.below_length) or (e.length is null and s.is_lowest))
where e.page = 'NextSong' and not exists (from extra_rows x where x.row_id = e.rowid)
"""),
    ("page_views", """
create table page_views as
select e.rowid as view_id, epoch_ms(e.ts) as start_time, e.user_id, e.level, e.session_id, e.item_in_session, e.page,
       e.method, e.status, e.auth, e.location,
       {user_agent} as user_agent
from staging_events e
where e.page <> 'NextSong' and not exists (from extra_rows x where x.row_id = e.rowid)
"""),
    ("users", """
create temporary table user_spans as
select user_id, min(ts) as first_ts, max(ts) as last_ts, min(level) as low, max(level) as high
from staging_events where user_id is not null group by user_id;
create table users as
select e.user_id, e.first_name, e.last_name, e.gender, e.level, epoch_ms(e.registration::bigint) as registered_at,
       epoch_ms(e.ts) as last_seen_at
from staging_events e join user_spans s on s.user_id = e.user_id and s.last_ts = e.ts
qualify row_number() over (partition by e.user_id order by e.session_id desc, e.item_in_session desc) = 1
"""),
    # Users of one level all along need no ordering; the others are ordered event by event.
    ("user_levels", """
create table user_levels as
with changes as (
    select user_id, level, ts, session_id, item_in_session
    from staging_events e semi join (select user_id from user_spans where low <> high) s using (user_id)
    qualify level is distinct from lag(level) over (partition by user_id order by ts, session_id, item_in_session)),
stays as (
    select user_id, level, ts,
           lead(ts) over (partition by user_id order by ts, session_id, item_in_session) as next_ts
    from changes
    union all
    select user_id, low, first_ts, null from user_spans where low = high)
select user_id, level, epoch_ms(ts) as valid_from, epoch_ms(next_ts) as valid_to, next_ts is null as is_current
from stays
"""),
    ("time", """
create table time as
select start_time, hour(start_time)::smallint as hour, day(start_time)::smallint as day,
       week(start_time)::smallint as week, month(start_time)::smallint as month, year(start_time)::smallint as year,
       isodow(start_time)::smallint as weekday
from (select distinct epoch_ms(ts) as start_time from staging_events where page = 'NextSong')
"""),
]

COUNTS = """
select (select count(*) from songplays) as songplays, (select count(*) from page_views) as page_views,
       (select count(*) from users) as users, (select count(*) from songs) as songs,
       (select count(*) from artists) as artists, (select count(*) from time) as time,
       (select count(song_id) from songplays) as matched, (select count(*) from user_levels) as user_levels
"""


def main():
    """Builds the tables and prints their row counts."""
    logs, songs, out = map(pathlib.Path, sys.argv[1:])
    for old in (out, out.with_name(out.name + ".wal")):
        old.unlink(missing_ok=True)
    joined = join_songs(songs, out.with_name(out.name + ".songs.json"))
    db = duckdb.connect()
    db.execute("set preserve_insertion_order = false")
    db.execute("set enable_progress_bar = false")
    db.execute(f"attach '{out}' as warehouse (storage_version 'v1.4.0')")
    db.execute("use warehouse")
    db.execute("begin")
    names = {"{logs}": f"{logs}/**/*.json", "{songs}": str(joined), "{user_agent}": USER_AGENT}
    for step, sql in STEPS:
        for name, value in names.items():
            sql = sql.replace(name, value)
        run(step, db, sql)
    run("commit", db, "commit")
    counts = dict(zip([c[0] for c in db.execute(COUNTS).description], db.fetchone()))
    run("close", db, "use memory; detach warehouse")
    db.close()
    joined.unlink()
    print(json.dumps(counts))


def run(step, db, sql):
    """Runs one step, timing it when asked to."""
    start = time.perf_counter()
    db.execute(sql)
    if os.environ.get("BENCH_STEPS"):
        print(f"{step:16} {time.perf_counter() - start:6.2f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
