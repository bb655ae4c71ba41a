"""Attacks a sparkify binary: `python3 attack/run.py --binary PATH [part …]`. See README.md."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aimed import AimedKills
from arena import Arena, Part, Tally, run_part
from disks import FullDisks
from hostile import Hostile
from kills import Kills
from meddling import Meddling
from namespaces import Namespaces
from orders import Orders, RemoteOrders
from postgres import Server
from program import Program
from syscalls import FailingCalls
from torn import TornWrites
from verdict import KINDS

PARTS: list[type[Part]] = [
    TornWrites, Kills, Hostile, Orders, FailingCalls, AimedKills, Meddling, FullDisks, RemoteOrders, Namespaces,
]  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Attacks a sparkify binary and counts what must not happen.")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(part.name for part in PARTS)}; all without any")
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--all", action="store_true", help="every part, with a PostgreSQL server of its own")
    parser.add_argument("--rounds", type=int, help="rounds of each part, instead of its own number")
    parser.add_argument("--share", type=float, default=1.0, help="share of each part's own number of rounds")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--only", type=int, help="play this round alone")
    parser.add_argument("--postgres", help="a server's URL that ends in /, or `start` for one of its own")
    parser.add_argument("--older", type=Path, help="an older binary, whose warehouses are brought forward under attack")
    parser.add_argument("--work", type=Path, help="folder for the rounds; a temporary one by default")
    parser.add_argument("--findings", type=Path, default=Path(tempfile.gettempdir()) / "sparkify-attack-findings")
    parser.add_argument("--json", type=Path, help="write the counts there")
    parser.add_argument("--jobs", type=int, default=1, help="parts that are played side by side")
    parser.add_argument("--polite", type=float, default=0.0, help="pause while the machine's load is above this")
    return parser.parse_args()


def chosen(options: argparse.Namespace) -> list[Part]:
    by_name = {part.name: part for part in PARTS}
    unknown = [name for name in options.parts if name not in by_name]
    if unknown:
        raise SystemExit(f"attack: there is no part {unknown[0]}; there are {', '.join(by_name)}")
    names = options.parts or [n for n in by_name if n != "orders-postgres" or options.postgres or options.all]
    return [by_name[name]() for name in names]


def start_postgres(options: argparse.Namespace, work: Path) -> Server | None:
    if options.postgres and options.postgres != "start":
        return Server(options.postgres)
    return Server.start(work / "postgres") if options.postgres or options.all else None


def table(tallies: list[Tally]) -> str:
    rows = [["part", "rounds", *KINDS, "took"], *(tally.row() for tally in tallies)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    return "\n".join([lines[0], "| " + " | ".join("-" * width for width in widths) + " |", *lines[1:]])


def write_json(path: Path, tallies: list[Tally]) -> None:
    found = [{"part": t.name, "rounds": t.rounds, "counts": dict(t.counts), "findings": t.texts} for t in tallies]
    path.write_text(json.dumps(found, indent=1))


def main() -> int:
    options = arguments()
    work = (options.work or Path(tempfile.mkdtemp(prefix="sparkify-attack-"))).resolve()
    older = Program(options.older, work / "home") if options.older else None
    program = Program(options.binary, work / "home", older)
    program.build_tracer()
    server = start_postgres(options, work)
    arena = Arena(program, work, options.findings.resolve(), options.seed, server, older, options.polite)
    tallies: list[Tally] = []

    def give_up(number: int, _: object) -> None:
        """Ends at once, and leaves no server running."""
        print(table(tallies), file=sys.stderr, flush=True)
        if server:
            server.stop()
        os._exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, give_up)

    def one(part: Part) -> None:
        rounds = options.rounds or max(1, round(part.rounds * options.share))
        tallies.append(run_part(arena, part, rounds, options.only))
        print(f"{part.name}: done", file=sys.stderr, flush=True)
        if options.json:
            write_json(options.json, tallies)

    try:
        with ThreadPoolExecutor(options.jobs) as pool:
            list(pool.map(one, chosen(options)))
    finally:
        if server:
            server.stop()
        if not options.work:
            shutil.rmtree(work, ignore_errors=True)
    if arena.built:
        tallies.insert(0, Tally("undisturbed", 1))
        tallies[0].note("prepare", arena.built.findings)
        print("\n".join(tallies[0].texts), file=sys.stderr)
    print(table(tallies))
    return 1 if any(sum(tally.counts.values()) for tally in tallies) else 0


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
