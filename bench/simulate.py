#!/usr/bin/env python3
"""Measures how fast `sparkify simulate` writes, and prints a Markdown table.

    python3 bench/simulate.py [--sizes 1,10,50] [--runs 1] [--binary PATH] [--out DIR] [--threads N]

A size is in million events. The output of each run is counted and removed. Progress goes to stderr.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

from run import BUILD, Failed, machine, make_binary, measure, mib, say

# Events of a user in 30 days, roughly: users differ much.
EVENTS_A_USER = 79.5
# Many users for a month, and fewer for longer: memory goes with users, not with time.
SHAPES = {"1": [(1, 30)], "10": [(10, 30), (1, 300)], "50": [(50, 30), (5, 300)]}


def shapes(size):
    """Million events a month, and days, for a size."""
    return SHAPES.get(size, [(float(size), 30)])


def day(offset):
    return time.strftime("%Y-%m-%d", time.gmtime(1_704_067_200 + offset * 86_400))


def lines_below(folder):
    """How many lines the files have, read in large pieces."""
    count = 0
    for path in sorted((folder / "log_data").rglob("*.json")):
        with path.open("rb", buffering=0) as file:
            while piece := file.read(1 << 22):
                count += piece.count(b"\n")
    return count


def run_once(binary, work, users, days, threads, check):
    out = work / "simulated"
    shutil.rmtree(out, ignore_errors=True)
    # What an earlier run left to write is none of this one's.
    os.sync()
    command = [binary, "simulate", "--out", out, "--users", str(users), "--from", day(0), "--to", day(days), "--json",
               *(["--threads", str(threads)] if threads else [])]
    run = measure(command)
    said = json.loads(run.out)
    if check and lines_below(out) != said["events"]:
        raise Failed(f"{out} has other lines than the {said['events']} that were said")
    shutil.rmtree(out)
    return run, said


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1,10,50", help="million events, with commas")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--binary", type=pathlib.Path, help="the sparkify binary; built when not given")
    parser.add_argument("--out", type=pathlib.Path, default=BUILD, help="a folder on the disk to write to")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--no-check", action="store_true", help="do not count the lines that were written")
    args = parser.parse_args()
    binary = args.binary.absolute() if args.binary else make_binary()
    args.out.mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=args.out.absolute()))
    print(f"{time.strftime('%Y-%m-%d')}, {machine()}.\n")
    print("| events | users | days | median s | events a second | MB a second | CPU s | peak memory |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    try:
        for size in args.sizes.split(","):
            for millions, days in shapes(size):
                users = round(millions * 1e6 / EVENTS_A_USER)
                runs = []
                for _ in range(args.runs):
                    run, said = run_once(binary, work, users, days, args.threads, not args.no_check)
                    say(f"{said['events']:,} events in {run.seconds:.2f} s")
                    runs.append(run)
                seconds = statistics.median(run.seconds for run in runs)
                print(f"| {said['events']:,} | {users:,} | {days} | {seconds:.2f} | {said['events'] / seconds:,.0f} | "
                      f"{said['log_bytes'] / seconds / 1e6:,.0f} | {statistics.median(run.cpu for run in runs):.2f} | "
                      f"{mib(max(run.peak for run in runs))} |", flush=True)
    except Failed as error:
        sys.exit(f"bench: {error}")
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
