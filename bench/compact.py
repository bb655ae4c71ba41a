#!/usr/bin/env python3
"""How fast sparkify's own part of a compact load into Redshift is: reading, decoding, judging, packing and sending.

The cluster's part does not count: it is a stand-in here. The load runs in one batch, so that nothing of sparkify's part
hides behind the cluster's, and the times are those that the load itself writes down.

Start the stand-in first, over a folder of buckets with the bucket `lake`, and set what it prints:

    mkdir -p buckets/lake && cargo run --release -p redshift-standin -- --buckets buckets
    bench/compact.py --url redshift://awsuser@127.0.0.1:5439/dev --users 30000
"""

import argparse
import os
import re
import resource
import subprocess
import tempfile


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--sparkify", default="target/release/sparkify")
    parser.add_argument("--users", type=int, default=30000, help="about 75 events each in a month")
    parser.add_argument("--memory", default="6GiB", help="enough for all events in one batch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", help="a folder with log_data instead of simulated ones")
    arguments = parser.parse_args()
    sparkify = os.path.abspath(arguments.sparkify)
    environment = {
        "SPARKIFY_REDSHIFT_IAM_ROLE": "arn:aws:iam::123456789012:role/sparkify-copy",
        "SPARKIFY_REDSHIFT_STAGING": "s3://lake/staging/",
    } | os.environ | {"SPARKIFY_REDSHIFT_STAGE": "compact", "SPARKIFY_WAREHOUSE": arguments.url}
    with tempfile.TemporaryDirectory() as temporary:
        data = arguments.data or f"{temporary}/data"

        def run(*words):
            return subprocess.run([sparkify, *words], cwd=temporary, env=environment, check=True, capture_output=True, text=True)

        if not arguments.data:
            run("simulate", "--out", data, "--users", str(arguments.users), "--from", "2026-01-01", "--to", "2026-02-01", "--songs", "5000")
        size = sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(f"{data}/log_data") for name in names)
        rounds = []
        for _ in range(arguments.rounds):
            run("tables", "reset", "--yes")
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = run("-vv", "load", "--memory", arguments.memory, "--logs", f"{data}/log_data")
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            log = re.sub(r"\x1b\[[0-9;]*m", "", done.stderr)
            times = {word: [int(ms) for ms in re.findall(rf" {word} .*\bms=(\d+)", log)] for word in ("decode", "pack")}
            if len(times["decode"]) != 1:
                raise SystemExit(f"{len(times['decode'])} batches, so that decoding hides behind COPY: give more --memory")
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            decode, pack = (sum(times[word]) / 1000 for word in ("decode", "pack"))
            rounds.append((decode + pack, decode, pack, cpu))
        total, decode, pack, cpu = sorted(rounds)[len(rounds) // 2]
        print(f"{size / 1e6:.0f} MB of JSON lines, {os.cpu_count()} cores, median of {len(rounds)} rounds\n")
        print("| what | seconds | MB a second |\n| --- | --- | --- |")
        for what, seconds in [("reading and decoding", decode), ("packing and sending", pack), ("both", total)]:
            print(f"| {what} | {seconds:.2f} | {size / 1e6 / seconds:.0f} |")
        print(f"| processor time of the whole load | {cpu:.2f} | {size / 1e6 / cpu * os.cpu_count():.0f} |")


if __name__ == "__main__":
    main()
