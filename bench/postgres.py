#!/usr/bin/env python3
"""How long a load into PostgreSQL takes, and how long the server alone needs for the same.

The server alone: COPY of the same rows from files of its own, and the statements of the load, by the times that the load
itself wrote down. Needs psql, and a super-user, as the server writes and reads files.

    bench/postgres.py --url postgres://postgres@localhost/bench --users 7000
"""

import argparse
import json
import os
import re
import resource
import subprocess
import tempfile
import time

TABLES = ["songplays", "page_views", "time", "tracks", "users", "user_levels", "songs", "artists", "staging_songs", "load_files"]


def psql(url, sql):
    return subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--set", "ON_ERROR_STOP=1", url, "--command", sql],
        check=True, capture_output=True, text=True,
    ).stdout


def fresh(url, schema, sparkify):
    psql(url, f"drop schema if exists {schema} cascade")
    psql(url, f"create schema {schema}")
    mark = "&" if "?" in url else "?"
    place = f"{url}{mark}options=-csearch_path%3D{schema}"
    subprocess.run([sparkify, "tables", "create", "--warehouse", place], check=True, capture_output=True)
    # The server's housekeeping after what was before is not what is measured.
    psql(url, "checkpoint")
    return place


def load(sparkify, place, data):
    started = time.perf_counter()
    done = subprocess.run(
        [sparkify, "-vv", "load", "--json", "--warehouse", place, "--logs", f"{data}/log_data", "--songs", f"{data}/song_data"],
        check=True, capture_output=True, text=True,
    )
    seconds = time.perf_counter() - started
    log = re.sub(r"\x1b\[[0-9;]*m", "", done.stderr)
    statements = sum(int(m) for m in re.findall(r"(?:execute|query) statement=.* ms=(\d+)", log)) / 1000
    copies = sum(int(m) for m in re.findall(r"copy statement=.* ms=(\d+)", log)) / 1000
    return seconds, statements, copies, json.loads(done.stdout)


def copy(url, place, folder):
    copies = "; ".join(f"copy copied.{table} from '{folder}/{table}' with binary" for table in TABLES)
    # The plays' times once more, as a load stages them.
    staged = f"create temporary table staged_times as select * from copied.time with no data; copy staged_times from '{folder}/time' with binary"
    # `time` itself is filled by a statement.
    copies = copies.replace(f"copy copied.time from '{folder}/time' with binary", staged)
    started = time.perf_counter()
    psql(url, f"begin; {copies}; commit")
    return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--sparkify", default="target/release/sparkify")
    parser.add_argument("--users", type=int, default=7000, help="about 290 events each over two months")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", help="a folder with log_data and song_data instead of simulated ones")
    arguments = parser.parse_args()
    url, sparkify = arguments.url, arguments.sparkify
    with tempfile.TemporaryDirectory() as temporary:
        os.chmod(temporary, 0o777)
        data = arguments.data or f"{temporary}/data"
        if not arguments.data:
            subprocess.run(
                [sparkify, "simulate", "--out", data, "--users", str(arguments.users), "--from", "2026-01-01",
                 "--to", "2026-03-01", "--songs", "5000"], check=True, capture_output=True)
        rounds = []
        for _ in range(arguments.rounds):
            seconds, statements, copies, report = load(sparkify, fresh(url, "loaded", sparkify), data)
            for table in TABLES:
                psql(url, f"copy loaded.{table} to '{temporary}/{table}' with binary")
            alone = copy(url, fresh(url, "copied", sparkify), temporary) + statements
            rounds.append((seconds / alone, seconds, alone, statements, copies))
        ratio, seconds, alone, statements, copies = sorted(rounds)[len(rounds) // 2]
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        version = psql(url, "show server_version").strip()
        print(f"PostgreSQL {version}, {report['lines']:,} lines, {report['bytes'] / 1e6:.0f} MB, median of {len(rounds)} rounds\n")
        print("| what | seconds |\n| --- | --- |")
        print(f"| the load, all of it | {seconds:.2f} |")
        print(f"| - its COPYs | {copies:.2f} |")
        print(f"| - its statements | {statements:.2f} |")
        print(f"| the server alone: COPY from files, and the statements | {alone:.2f} |")
        print(f"\nThe load takes {ratio:.2f} times what the server alone needs, and {memory:.0f} MB of memory at most.")


if __name__ == "__main__":
    main()
