#!/usr/bin/env python3
"""Measures sparkify against the best scripts for other engines, side by side, and prints Markdown tables.

    python3 bench/run.py [--data DIR] [--runs 3] [--binary PATH] [--scale 1] [--only NAMES] [--big]

Everything that is missing is made first, below the build directory: a virtual environment with the peers' packages,
the data, the binary. bench/README.md says what is compared and what is not. Progress goes to stderr, tables to stdout.
"""
import argparse
import json
import os
import pathlib
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta

BENCH = pathlib.Path(__file__).resolve().parent
REPOSITORY = BENCH.parent
BUILD = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target").absolute()
PACKAGES = {"duckdb": "2.0.0", "polars": "2.1.0", "chdb": "4.4.0"}
PEERS = {
    "duckdb": ("DuckDB script", "duckdb_script.py", "out.duckdb"),
    "polars": ("Polars script", "polars_script.py", "out"),
    "clickhouse": ("ClickHouse script (chdb)", "clickhouse_script.py", "out"),
}
COMPARED = ("songplays", "page_views", "users", "songs", "artists", "time", "matched", "user_levels")
# About 4 million events.
USERS, FILES, SONGS = 2_100, 720, 10_000
FIRST_DAY = date(2024, 1, 1)
DAY_MS = 86_400_000

# The peers match byte for byte, without text repair, so sparkify's repaired matches are counted apart.
WAREHOUSE_COUNTS = """
import duckdb, json, sys
db = duckdb.connect(sys.argv[1], read_only=True)
count = lambda sql: db.execute("select count(*) from " + sql).fetchone()[0]
tables = ("songplays", "page_views", "users", "songs", "artists", "time", "user_levels")
counts = {table: count(table) for table in tables}
counts["matched"] = count("songplays where match_method = 'exact'")
print(json.dumps(counts))
"""


class Run:
    """One finished process: what it said and what it used."""

    def __init__(self, seconds, usage, code, out, err):
        self.seconds = seconds
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        self.code, self.out, self.err = code, out, err

    def answer(self):
        """The JSON object that the process printed."""
        for line in reversed(self.out.strip().splitlines()):
            if line.startswith("{") and line.endswith("}"):
                return json.loads(line)
        return json.loads(self.out)


class Failed(Exception):
    """A measured command that did not do what it should."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def measure(command, accept=(0,)):
    """Runs a command to its end and measures the whole process.

    What earlier runs wrote is flushed first, so that nobody pays for another's output. Settings of the user, from
    variables or a settings file, do not count.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SPARKIFY_", "BENCH_"))}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    os.sync()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        child = subprocess.Popen([str(c) for c in command], stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                                 cwd="/", env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        run = Run(seconds, usage, child.returncode, out.read(), err.read())
    if run.code not in accept:
        last = (run.err.strip() or run.out.strip() or "no message").splitlines()[-1]
        raise Failed(f"exit code {run.code}: {last[:300]} ({shlex.join(str(c) for c in command)})")
    return run


def remove(path):
    """Removes a file or folder and what an engine may leave beside it."""
    for old in (path, path.with_name(path.name + ".wal")):
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old)
        else:
            old.unlink(missing_ok=True)


def size_of(path):
    if path.is_dir():
        return sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
    return path.stat().st_size


# ---------------------------------------------------------------- what has to be there first


def make_environment():
    """The interpreter of a virtual environment that has the peers' packages, made when it is missing."""
    folder = BUILD / "bench-venv"
    python = folder / "bin" / "python"
    wanted = " ".join(f"{name}=={version}" for name, version in PACKAGES.items())
    made = folder / "made"
    if not (made.exists() and made.read_text() == wanted):
        say(f"making {folder} with {wanted}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted.split()], check=True, stdout=sys.stderr)
        made.write_text(wanted)
    return python


def make_data(given, default, scale, binary):
    """The data folder; one that exists is taken as it is, unless its making was cut short."""
    folder = given or default
    complete = (folder / "made").exists() or (given and (folder / "log_data").is_dir())
    if not complete:
        say(f"making data in {folder}")
        for kind in ("log_data", "song_data"):
            shutil.rmtree(folder / kind, ignore_errors=True)
        end = FIRST_DAY + timedelta(days=max(1, round(FILES * scale)))
        subprocess.run([binary or make_binary(), "simulate", "--out", folder, "--users", str(USERS), "--songs", str(SONGS),
                        "--from", str(FIRST_DAY), "--to", str(end)],
                       check=True, stdout=sys.stderr)
        (folder / "made").write_text("")
    return folder


def make_binary():
    say("building the binary")
    subprocess.run(["cargo", "build", "--release"], cwd=REPOSITORY, check=True, stdout=sys.stderr)
    return BUILD / "release" / "sparkify"


def warm(folder):
    """Reads every file once, so that all runs find them in the page cache; returns (files, bytes) by kind."""
    found = {}
    for kind in ("log_data", "song_data"):
        files = size = 0
        for path in sorted((folder / kind).rglob("*.json")):
            with path.open("rb", buffering=0) as f:
                while piece := f.read(1 << 20):
                    size += len(piece)
            files += 1
        found[kind] = (files, size)
    return found


# ---------------------------------------------------------------- the comparison


def load_command(binary, data, warehouse, *more, logs=True):
    inputs = ["--logs", data / "log_data"] if logs else []
    return [binary, "load", *inputs, "--songs", data / "song_data", "--warehouse", warehouse, "--json", *more]


def compare(names, binary, python, data, work, runs):
    """Runs all contenders in turn, after a warm-up of each, and returns {name: (runs, counts, bytes written)}."""
    commands = {}
    for name in names:
        if name == "sparkify":
            out = work / "sparkify.duckdb"
            commands[name] = (load_command(binary, data, out), out)
        else:
            _, script, target = PEERS[name]
            out = work / f"{name}-{target}"
            commands[name] = ([python, BENCH / "peers" / script, data / "log_data", data / "song_data", out], out)
    results = {name: ([], {}, 0) for name in names}
    for turn in range(runs + 1):
        for name, (command, out) in commands.items():
            remove(out)
            run = measure(command)
            say(f"{'warm-up' if turn == 0 else f'run {turn}'} {name:10} {run.seconds:7.2f} s, "
                f"cpu {run.cpu:.2f} s, peak {mib(run.peak)}")
            if turn == 0:
                counts = run.answer()
                if name == "sparkify":
                    check_conserved(counts)
                    counts = measure([python, "-c", WAREHOUSE_COUNTS, out]).answer()
                results[name] = (results[name][0], counts, size_of(out))
            else:
                results[name][0].append(run)
            remove(out)
    return results


def check_conserved(said):
    """No line may be lost: lines = accepted + duplicates + rejected, accepted = plays + views."""
    if (said["lines"] != said["accepted"] + said["duplicates"] + said["rejected"]
            or said["accepted"] != said["songplays_added"] + said["page_views_added"]):
        raise Failed(f"sparkify's counts do not add up: {said}")


def differences(results):
    """Where the contenders' row counts differ, as sentences."""
    found = []
    for count in COMPARED:
        values = {name: counts.get(count) for name, (_, counts, _) in results.items()}
        if len(set(values.values())) > 1:
            found.append(f"{count} differs: " + ", ".join(f"{n} {v}" for n, v in values.items()))
    return found


# ---------------------------------------------------------------- sparkify alone


def grow(data, work):
    """A second folder with the same files (hard links, or copies on another disk) that may get another day."""
    grown = work / "grown"
    for kind in ("log_data", "song_data"):
        for path in sorted((data / kind).rglob("*.json")):
            twin = grown / path.relative_to(data)
            twin.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, twin)
            except OSError:
                shutil.copy2(path, twin)
    return grown


def add_day(folder):
    """Writes the day after the last one: its events a day later, in sessions of their own. Returns the lines."""
    last = max((folder / "log_data").rglob("*-events.json"), key=lambda p: p.name)
    day = date.fromisoformat(last.name[:10]) + timedelta(days=1)
    new = folder / "log_data" / f"{day:%Y}" / f"{day:%m}" / f"{day}-events.json"
    new.parent.mkdir(parents=True, exist_ok=True)
    lines = 0
    with last.open(encoding="utf-8") as old, new.open("x", encoding="utf-8") as out:
        for line in old:
            event = json.loads(line)
            event["ts"] += DAY_MS
            event["sessionId"] += 1_000_000_000
            out.write(json.dumps(event, separators=(",", ":")) + "\n")
            lines += 1
    return lines


def repeat(label, runs, command, warehouse, start_from=None, check=None):
    """A row for the second table: the same load several times, each from a copy of the same warehouse or from none."""
    done = []
    try:
        for turn in range(runs + 1):
            remove(warehouse)
            if start_from:
                shutil.copyfile(start_from, warehouse)
            run = measure(command)
            if check:
                check(run.answer())
            if turn:
                done.append(run)
            say(f"{'warm-up' if turn == 0 else f'run {turn}'} {label}: {run.seconds:.3f} s, peak {mib(run.peak)}")
    except Failed as error:
        say(f"{label}: {error}")
        return label, [], str(error)
    finally:
        remove(warehouse)
    return label, done, ""


def expect(**wanted):
    """A check that the load's answer has these values."""
    def check(said):
        wrong = {k: said.get(k) for k, v in wanted.items() if said.get(k) != v}
        if wrong:
            raise Failed(f"expected {wanted}, got {wrong}")
    return check


def measure_alone(binary, data, work, args):
    """What only sparkify does: loads with nothing or little new, songs only, bounded memory."""
    rows = []
    grown = grow(data, work)
    base, out = work / "base.duckdb", work / "alone.duckdb"
    measure(load_command(binary, grown, base))
    again = load_command(binary, grown, out)
    rows.append(repeat("nothing new", args.runs, again, out, base, expect(lines=0, songplays_added=0, page_views_added=0)))
    lines = add_day(grown)
    rows.append(repeat(f"one new day ({lines:,} lines)", args.runs, again, out, base, expect(lines=lines, accepted=lines)))
    remove(base)
    shutil.rmtree(grown)
    rows.append(repeat("songs only", args.runs, load_command(binary, data, out, logs=False), out))
    sizes = [("all", data)]
    if args.big:
        big = make_data(args.big_data, BUILD / "bench-data" / f"simulated-{args.scale * 4:g}", args.scale * 4, binary)
        warm(big)
        sizes.append(("4 times the data", big))
    for label, folder in sizes:
        for setting in ["default", *filter(None, args.memory.split(","))]:
            more = [] if setting == "default" else ["--memory", setting]
            rows.append(repeat(f"{label}, memory {setting}", args.runs, load_command(binary, folder, out, *more), out))
    return rows


# ---------------------------------------------------------------- the tables


def mib(size):
    return f"{size / 2**20:,.0f} MiB"


def spread(runs, digits=2):
    """Median, and smallest to largest, of the runs' seconds."""
    seconds = [r.seconds for r in runs]
    return f"{statistics.median(seconds):.{digits}f}", f"{min(seconds):.{digits}f}–{max(seconds):.{digits}f}"


def machine():
    """One line on the machine: cores, model, memory, system."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cores} cores of {model}, {memory:.0f} GiB memory, {platform.system()}"


def print_comparison(results):
    base_name = "sparkify" if "sparkify" in results else next(iter(results))
    base = statistics.median(r.seconds for r in results[base_name][0])
    print(f"| | median s | min–max s | to {base_name} | CPU s | peak memory | written |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, (runs, _, written) in results.items():
        median, around = spread(runs)
        label = name if name == "sparkify" else PEERS[name][0]
        cpu = statistics.median(r.cpu for r in runs)
        print(f"| {label} | {median} | {around} | {float(median) / base:.2f} × | {cpu:.2f} | "
              f"{mib(max(r.peak for r in runs))} | {written / 1e6:,.0f} MB |")


def print_alone(rows):
    print("| sparkify alone | median s | min–max s | CPU s | peak memory |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for label, runs, error in rows:
        if error:
            print(f"| {label} | failed: {error.replace('|', '/')} | | | |")
            continue
        median, around = spread(runs, 3)
        cpu = statistics.median(r.cpu for r in runs)
        print(f"| {label} | {median} | {around} | {cpu:.2f} | {mib(max(r.peak for r in runs))} |")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, help="a folder with log_data and song_data; made when missing")
    parser.add_argument("--runs", type=int, default=3, help="measured runs of each, after one warm-up")
    parser.add_argument("--binary", type=pathlib.Path, help="the sparkify binary; built when not given")
    parser.add_argument("--scale", type=float, default=1, help=f"1 are {FILES} files of {USERS:,} users, about 4 million events")
    parser.add_argument("--only", help="names, with commas: sparkify, " + ", ".join(PEERS))
    parser.add_argument("--no-alone", action="store_true", help="leave out what only sparkify is measured for")
    parser.add_argument("--memory", default="512MB,1GB", help="values for sparkify's --memory, besides its default")
    parser.add_argument("--big", action="store_true", help="memory also with 4 times the data")
    parser.add_argument("--big-data", type=pathlib.Path, help="the folder for that; made when missing")
    args = parser.parse_args()
    args.names = args.only.split(",") if args.only else ["sparkify", *PEERS]
    if unknown := set(args.names) - {"sparkify", *PEERS}:
        parser.error(f"no such contender: {', '.join(sorted(unknown))}")
    if args.runs < 1:
        parser.error("--runs must be at least 1")
    for name in ("data", "big_data", "binary"):
        if getattr(args, name):
            setattr(args, name, getattr(args, name).absolute())
    return args


def main():
    args = arguments()
    binary = None
    if "sparkify" in args.names:
        binary = args.binary or make_binary()
    python = make_environment()
    data = make_data(args.data, BUILD / "bench-data" / f"simulated-{args.scale:g}", args.scale, binary)
    found = warm(data)
    load = os.getloadavg()[0]
    BUILD.mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=BUILD))
    try:
        results = compare(args.names, binary, python, data, work, args.runs)
        alone = measure_alone(binary, data, work, args) if binary and not args.no_alone else []
    except Failed as error:
        sys.exit(f"bench: {error}")
    finally:
        shutil.rmtree(work, ignore_errors=True)

    print(f"{date.today()}, {machine()}, load before the runs {load:.1f}; medians of {args.runs} runs, warm page cache.")
    counts = next(iter(results.values()))[1]
    print(f"Input: {counts['songplays'] + counts['page_views']:,} events, {found['log_data'][1] / 1e9:.2f} GB of logs in "
          f"{found['log_data'][0]:,} files, {found['song_data'][0]:,} song files. "
          + ", ".join(f"{name} {version}" for name, version in PACKAGES.items()) + ".\n")
    print_comparison(results)
    wrong = differences(results)
    if len(results) > 1:
        print("\n" + ("\n".join(wrong) if wrong else
                      "All of them hold the same number of rows: " + ", ".join(f"{c} {counts[c]:,}" for c in COMPARED) + "."))
    if alone:
        print()
        print_alone(alone)
    if wrong or any(error for _, _, error in alone):
        sys.exit(1)


if __name__ == "__main__":
    main()
