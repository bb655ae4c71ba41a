#!/usr/bin/env python3
"""The star schema by Polars, one Parquet file a table.

    polars_script.py LOGS_DIR SONGS_DIR OUT_DIR

Prints one JSON line with row counts. With BENCH_STEPS=1 in the environment it prints the time of each step on stderr.
"""
import json
import os
import pathlib
import shutil
import sys
import time

import polars as pl

from common import files_below, join_songs

LOG_SCHEMA = {
    "artist": pl.String, "auth": pl.String, "firstName": pl.String, "gender": pl.String, "itemInSession": pl.Int64,
    "lastName": pl.String, "length": pl.Float64, "level": pl.String, "location": pl.String, "method": pl.String,
    "page": pl.String, "registration": pl.Float64, "sessionId": pl.Int64, "song": pl.String, "status": pl.Int64,
    "ts": pl.Int64, "userAgent": pl.String, "userId": pl.String}

SONG_SCHEMA = {
    "song_id": pl.String, "title": pl.String, "artist_id": pl.String, "artist_name": pl.String,
    "artist_location": pl.String, "artist_latitude": pl.Float64, "artist_longitude": pl.Float64,
    "duration": pl.Float64, "year": pl.Int64}

KEY = ["user_id", "session_id", "item_in_session", "ts"]
ORDER = ["ts", "session_id", "item_in_session"]


def read_logs(logs):
    """All events with the columns' final names and types, and a row number to tell them apart."""
    agent = pl.col("userAgent")
    quoted = agent.str.starts_with('"') & agent.str.ends_with('"') & (agent.str.len_bytes() > 1)
    return (
        pl.scan_ndjson(files_below(logs), schema=LOG_SCHEMA)
        .select(
            "artist", "auth", "gender", "length", "level", "location", "method", "page", "song", "ts",
            pl.col("status").cast(pl.Int16),
            pl.col("registration").cast(pl.Int64),
            pl.when(quoted).then(agent.str.strip_prefix('"').str.strip_suffix('"')).otherwise(agent).alias("user_agent"),
            user_id=pl.col("userId").cast(pl.Int64, strict=False), session_id="sessionId",
            item_in_session=pl.col("itemInSession").cast(pl.Int32), first_name="firstName", last_name="lastName")
        .collect()
        .with_row_index("id"))


def drop_duplicates(events):
    """One row a key. Clean logs have no key twice, which is cheap to see."""
    if events.select(pl.struct(KEY).n_unique()).item() == events.height:
        return events
    return events.unique(KEY, keep="first", maintain_order=True)


def read_songs(songs, out):
    """The songs, one row a song_id."""
    joined = join_songs(songs, out / "songs.json")
    frame = pl.read_ndjson(joined, schema=SONG_SCHEMA).unique("song_id").with_columns(
        pl.col("artist_location").replace("", None), pl.col("year").replace(0, None))
    joined.unlink()
    return frame


def make_artists(songs):
    """One row an artist_id: the most used name, and the place that one song gives."""
    names = (
        songs.group_by("artist_id", "artist_name").len()
        .sort(-pl.col("len").cast(pl.Int64), pl.col("artist_name").str.len_chars(), "artist_name")
        .group_by("artist_id", maintain_order=True).first()
        .select("artist_id", name="artist_name"))
    place = ["artist_location", "artist_latitude", "artist_longitude"]
    places = (
        songs.sort(pl.sum_horizontal(pl.col(c).is_null() for c in place), "song_id")
        .group_by("artist_id", maintain_order=True).first()
        .select("artist_id", location=place[0], latitude=place[1], longitude=place[2]))
    return names.join(places, on="artist_id")


def match(plays, songs):
    """Adds song_id and artist_id: the plays whose title and artist only one song has by one join, the others apart."""
    keys = songs.group_by("title", "artist_name").agg(
        pl.len().alias("songs"), pl.col("song_id").min(), pl.col("artist_id").sort_by("song_id").first())
    left, right = ["song", "artist"], ["title", "artist_name"]
    shared = keys.filter(pl.col("songs") > 1).select(right)
    chosen = (
        plays.lazy().select("id", "song", "artist", "length").join(shared.lazy(), left_on=left, right_on=right, how="semi")
        .join(songs.lazy().select(*right, "song_id", "artist_id", "duration"), left_on=left, right_on=right)
        .sort("id", (pl.col("duration") - pl.col("length")).abs(), "song_id", nulls_last=True)
        .unique("id", keep="first", maintain_order=True)
        .select("id", nearest_song="song_id", nearest_artist="artist_id"))
    return (
        plays.lazy().join(keys.lazy().drop("songs"), left_on=left, right_on=right, how="left")
        .join(chosen, on="id", how="left")
        .with_columns(song_id=pl.coalesce("nearest_song", "song_id"), artist_id=pl.coalesce("nearest_artist", "artist_id")))


def make_users(events):
    """One row a user, from the latest event."""
    known = events.lazy().filter(pl.col("user_id").is_not_null())
    last = known.group_by("user_id").agg(pl.col("ts").max())
    return (
        known.join(last, on=["user_id", "ts"], how="semi").sort(ORDER).group_by("user_id", maintain_order=True).last()
        .select("user_id", "first_name", "last_name", "gender", "level",
                registered_at=timestamp("registration"), last_seen_at=timestamp("ts")).collect())


def make_user_levels(events):
    """One row an unbroken stay at a level; only users of several levels need their events ordered."""
    known = events.lazy().filter(pl.col("user_id").is_not_null()).select("user_id", "level", *ORDER)
    spans = known.group_by("user_id").agg(
        pl.col("ts").min(), low=pl.col("level").min(), high=pl.col("level").max()).collect()
    steady = spans.filter(pl.col("low") == pl.col("high")).select("user_id", level="low", valid_from="ts")
    moving = spans.lazy().filter(pl.col("low") != pl.col("high"))
    changes = (
        known.join(moving, on="user_id", how="semi").sort("user_id", *ORDER)
        .filter((pl.col("user_id") != pl.col("user_id").shift()).fill_null(True)
                | (pl.col("level") != pl.col("level").shift()))
        .select("user_id", "level", valid_from="ts").collect())
    stays = pl.concat([changes, steady]).with_columns(valid_to=pl.col("valid_from").shift(-1).over("user_id"))
    return stays.select("user_id", "level", timestamp("valid_from"), timestamp("valid_to"),
                        is_current=pl.col("valid_to").is_null())


def make_time(plays):
    """One row a distinct start of a play, with its parts."""
    at = pl.col("start_time").dt
    return (
        plays.lazy().select(start_time=timestamp("ts")).unique()
        .with_columns(hour=at.hour(), day=at.day(), week=at.week(), month=at.month(), year=at.year(),
                      weekday=at.weekday()).collect())


def timestamp(column):
    """Epoch milliseconds as a point in time."""
    return pl.col(column).cast(pl.Datetime("ms"))


def main():
    """Builds the tables and prints their row counts."""
    logs, songs_dir, out = map(pathlib.Path, sys.argv[1:])
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    counts, last = {}, [time.perf_counter()]

    def lap(step):
        if os.environ.get("BENCH_STEPS"):
            print(f"{step:16} {time.perf_counter() - last[0]:6.2f} s", file=sys.stderr)
        last[0] = time.perf_counter()

    def write(name, frame):
        frame.write_parquet(out / f"{name}.parquet", compression="lz4")
        counts[name] = frame.height
        lap(name)

    events = read_logs(logs)
    lap("read logs")
    events = drop_duplicates(events)
    lap("find duplicates")
    songs = read_songs(songs_dir, out)
    lap("read songs")
    plays = events.filter(pl.col("page") == "NextSong")
    lap("plays")
    songplays = match(plays, songs).select(
        "user_id", "level", "song_id", "artist_id", "session_id", "location", "user_agent", "item_in_session", "song",
        "artist", "length", songplay_id="id", start_time=timestamp("ts"),
        match_method=pl.when(pl.col("song_id").is_not_null()).then(pl.lit("exact"))).collect()
    counts["matched"] = songplays.height - songplays["song_id"].null_count()
    lap("match")
    write("songplays", songplays)
    write("page_views", events.lazy().filter(pl.col("page") != "NextSong").select(
        "user_id", "level", "session_id", "item_in_session", "page", "method", "status", "auth", "location",
        "user_agent", view_id="id", start_time=timestamp("ts")).collect())
    write("users", make_users(events))
    write("user_levels", make_user_levels(events))
    write("songs", songs.select("song_id", "title", "artist_id", "year", "duration", "artist_name"))
    write("artists", make_artists(songs))
    write("time", make_time(plays))
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
