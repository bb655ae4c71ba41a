#!/usr/bin/env python3
"""What commands hold in memory at most, over inputs that grow in one direction each.

`--memory` is a promise, which `tests/it/memory.rs` holds over small inputs. This measures it over large ones: the largest
resident set of each command, as the kernel reports it. Needs some 25 GB of disk, and 60 GB with `--events`.

    bench/memory.py --binary target/release/sparkify
    bench/memory.py --binary target/release/sparkify --only files,titles --work DIR
"""

import argparse
import gzip
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time

MEMORY = "256MiB"


def play(number, song="S", artist="A", **more):
    """A line of a play whose key is this number, in the fields that every log line has."""
    session = 1 + number // 50
    return json.dumps({
        "artist": artist, "auth": "Logged In", "firstName": "Walter", "gender": "M", "itemInSession": number % 50,
        "lastName": "Frye", "length": 211.5, "level": "free", "location": "San Francisco-Oakland-Hayward, CA",
        "method": "PUT", "page": "NextSong", "registration": 1540919166796.0, "sessionId": session, "song": song,
        "status": 200, "ts": 1541106106796 + number * 1000,
        "userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_4) AppleWebKit/537.36 (KHTML, like Gecko) Safari/537.36",
        "userId": str(1 + session % 9000),
    } | more) + "\n"  # fmt: skip


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    with (gzip.open(path, "wt", compresslevel=1) if path.suffix == ".gz" else open(path, "w")) as file:
        file.writelines(lines)


class Bench:
    def __init__(self, binary, work):
        self.binary, self.work, self.rows = binary, work, []

    def folder(self, name):
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def run(self, what, *command, memory=MEMORY, codes=(0,), out=None):
        """Runs a command and keeps its time and its largest resident set. Returns what it printed."""
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("SPARKIFY_")}
        out = out or self.work / "stdout"
        with open(out, "wb") as stdout, open(self.work / "stderr", "wb") as stderr:
            started = time.perf_counter()
            child = os.posix_spawn(
                self.binary, [str(self.binary), *map(str, command), *(["--memory", memory] if memory else [])],
                surroundings, file_actions=[
                    (os.POSIX_SPAWN_DUP2, stdout.fileno(), 1), (os.POSIX_SPAWN_DUP2, stderr.fileno(), 2)])
            _, status, usage = os.wait4(child, 0)
        seconds, code = time.perf_counter() - started, os.waitstatus_to_exitcode(status)
        if code not in codes:
            sys.exit(f"{what}: exit code {code}\n{(self.work / 'stderr').read_text()[-2000:]}")
        self.rows.append((what, memory or "default", code, usage.ru_maxrss / 1024, seconds))
        print(f"{what}: {usage.ru_maxrss / 1024:.0f} MiB, {seconds:.1f} s, exit code {code}", file=sys.stderr, flush=True)
        return out


def files(bench):
    folder = bench.folder("files")
    for number in range(100_000):
        write(folder / f"log_data/{number % 100}/{number}.json", [play(number)])
    bench.run("100,000 files of one line", "load", "--warehouse", folder / "w.duckdb", "--logs", folder / "log_data")


def conflicts(bench):
    folder = bench.folder("conflicts")
    write(folder / "log_data/a.json", (play(number) for number in range(1_000_000)))
    load = ("load", "--warehouse", folder / "w.duckdb", "--logs", folder / "log_data")
    bench.run("a file of a million lines", *load)
    write(folder / "log_data/b.json", (play(number, status=307) for number in range(1_000_000)))
    bench.run("it again under another name, one field changed", *load, codes=(3,))
    bench.run("`rejects` of these", "rejects", "--warehouse", folder / "w.duckdb")
    bench.run("`rejects replay` of these", "rejects", "replay", "--warehouse", folder / "w.duckdb", codes=(0, 3))


def songs(bench):
    folder = bench.folder("songs")
    write(folder / "song_data/a.json", (play(number) for number in range(1_000_000)))
    load = ("load", "--warehouse", folder / "w.duckdb", "--songs", folder / "song_data")
    bench.run("a million log lines as songs", *load, codes=(1, 3, 4))
    bench.run("the same, `--max-rejects 100%`", *load, "--max-rejects", "100%", codes=(3,))
    write(folder / "packed/a.json.gz", ("{}\n" for _ in range(20_000_000)))
    bench.run("20 million empty records in a .gz as songs", "load", "--warehouse", folder / "p.duckdb", "--songs",
              folder / "packed", codes=(1, 3, 4))  # fmt: skip


def titles(bench):
    folder = bench.folder("titles")
    write(folder / "log_data/a.json", (play(n, f"Title number {n}", f"Artist number {n}") for n in range(1_000_000)))
    warehouse = folder / "w.duckdb"
    bench.run("a million titles and artists played once", "load", "--warehouse", warehouse, "--logs", folder / "log_data")
    for name in ("top_songs", "top_artists"):
        bench.run(f"`insights {name}` of them", "insights", name, "--warehouse", warehouse)
    bench.run("`check` of them", "check", "--warehouse", warehouse)
    bench.run("`report` of them", "report", "--warehouse", warehouse, "--out", folder / "report.html")
    print(f"the page has {(folder / 'report.html').stat().st_size / 1e6:.2f} MB", file=sys.stderr)
    bench.run("`sql` of all plays as a table", "sql", "select * from songplays", "--warehouse", warehouse)


def rejects(bench):
    folder = bench.folder("rejects")
    write(folder / "log_data/a.json", (play(number).replace('"ts": 1', '"ts": "x') for number in range(850_000)))
    warehouse = folder / "w.duckdb"
    bench.run("850,000 bad lines, `--max-rejects 100%`", "load", "--warehouse", warehouse, "--logs", folder / "log_data",
              "--max-rejects", "100%", codes=(3,))  # fmt: skip
    bench.run("`rejects` of these", "rejects", "--warehouse", warehouse)
    bench.run("`rejects replay` of these", "rejects", "replay", "--warehouse", warehouse, codes=(0, 1, 3, 4))


def tracks(bench):
    folder = bench.folder("tracks")
    for part in range(8):
        write(folder / f"log_data/{part}.json.gz",
              (play(n, f"Title number {n}", f"Artist number {n // 7}") for n in range(part * 1_000_000, (part + 1) * 1_000_000)))  # fmt: skip
    load = ("load", "--warehouse", folder / "w.duckdb", "--logs", folder / "log_data")
    bench.run("8 million tracks, memory as it is by default", *load, memory=None)
    write(folder / "log_data/z.json", [play(9_000_000)])
    bench.run("a new line into 8 million tracks", *load)


def events(bench):
    folder = bench.folder("events")
    bench.run("simulation of 21 million events", "simulate", "--out", folder, "--users", 10_500, "--songs", 10_000,
              "--from", "2024-01-01", "--to", "2025-12-21", memory=None)  # fmt: skip
    bench.run("21 million events as plain files", "load", "--warehouse", folder / "w.duckdb", "--logs",
              folder / "log_data", "--songs", folder / "song_data", memory="512MiB")  # fmt: skip


PARTS = {part.__name__: part for part in (files, conflicts, songs, titles, rejects, tracks)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default="target/release/sparkify", type=pathlib.Path)
    parser.add_argument("--only", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--events", action="store_true", help="21 million events too")
    parser.add_argument("--work", type=pathlib.Path, help="folder for the data; a temporary one by default")
    options = parser.parse_args()
    chosen = [PARTS[name] for name in (options.only.split(",") if options.only else PARTS)]
    work = options.work or pathlib.Path(tempfile.mkdtemp(prefix="sparkify-memory-"))
    work.mkdir(parents=True, exist_ok=True)
    bench = Bench(options.binary.resolve(), work)
    try:
        for part in chosen + [events] * options.events:
            part(bench)
            shutil.rmtree(work / part.__name__, ignore_errors=True)
    finally:
        if not options.work:
            shutil.rmtree(work)
    print("| what | memory | exit code | peak MiB | s |\n| --- | --- | ---: | ---: | ---: |")
    for what, memory, code, peak, seconds in bench.rows:
        print(f"| {what} | {memory} | {code} | {peak:.0f} | {seconds:.1f} |")


if __name__ == "__main__":
    main()
