"""Lets single system calls fail, or cuts them short, and spoils standard output: the exit code must say what the state says."""

from __future__ import annotations

import errno
import os
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

from arena import Arena
from kills import aftermath
from program import Program, Result, copy_tree, wait
from scenarios import FILE, Scenario, World
from verdict import Finding, health

ERRORS = {
    "open": ["EIO", "EMFILE", "EACCES", "EINTR"],
    "create": ["EIO", "ENOSPC", "EMFILE", "EACCES", "EROFS"],
    "read": ["EIO", "EINTR"],
    "write": ["EIO", "ENOSPC", "EINTR", "EDQUOT", "short"],
    "sync": ["EIO", "ENOSPC", "EINTR"],
    "truncate": ["EIO", "ENOSPC", "EINTR"],
    "rename": ["EIO", "EACCES", "ENOSPC"],
    "link": ["EIO", "EACCES", "EPERM"],
    "unlink": ["EIO", "EACCES", "EBUSY"],
    "mkdir": ["ENOSPC", "EACCES"],
    "copy": ["EIO", "ENOSPC"],
    "lock": ["EINTR", "ENOLCK", "EIO"],
    "stat": ["EIO", "EACCES"],
    "list": ["EIO"],
}


class FailingCalls:
    """Five of six rounds fail a call on the warehouse or the sources, the sixth does away with an output."""

    name, rounds = "syscalls", 500

    def prepare(self, arena: Arena) -> list[Finding]:
        self.program = arena.program
        self.world, self.folder = arena.world(), arena.work / self.name
        self.scenarios = self.world.scenarios
        self.outputs = Outputs(arena.program, self.world, self.folder)
        self.plans = [(s, kind, n) for s in self.scenarios for kind, n in self.count(s).items() if kind in ERRORS]
        return []

    def count(self, scenario: Scenario) -> Counter[str]:
        """How many calls of each kind an undisturbed run makes."""
        place, log = self.folder / "count", self.folder / "calls"
        warehouse = scenario.place(place)
        orders = ["--kinds", ",".join(ERRORS), "--log", str(log)]
        self.program.traced([place, self.world.folder / "source"], orders, *scenario.command(warehouse))
        return Counter(line.split("\t")[1] for line in log.read_text().splitlines())

    def play(self, number: int, rng: random.Random, folder: Path) -> list[Finding]:
        if number % 6 == 5:
            return self.outputs.play(rng, folder)
        scenario, kind, calls = rng.choice(self.plans)
        name = rng.choice(ERRORS[kind])
        at = str(rng.randint(1, calls))
        forever = name != "EINTR" and rng.random() < 0.25
        orders = ["--kinds", kind, "--fail", at, "--errno", str(getattr(errno, name, 0)), "--forever", str(int(forever))]
        if name == "short":
            orders = ["--kinds", kind, "--short", at]
        place = folder / "warehouse"
        warehouse = scenario.place(place)
        sources = self.world.folder / "source"
        result, _ = self.program.traced([place, sources], orders, *scenario.command(warehouse))
        found = aftermath(self.program, scenario, warehouse, result, False)
        where = f"{scenario.name}, {kind} {at} of {calls} gives {name}{' from then on' if forever else ''}, ended {result.code}"
        return [Finding(f.kind, f"{where}: {f.text}") for f in found]


class Outputs:
    """Standard output or error that is full, closed, or whose reader has gone: the outcome's code stays."""

    def __init__(self, program: Program, world: World, folder: Path) -> None:
        self.program, self.world = program, world
        self.scenarios = [s for s in world.scenarios if not s.before.same(s.after)]
        self.reading = self.reading_commands()
        self.spoiled = spoil(world, folder)

    def reading_commands(self) -> list[list[str]]:
        warehouse = ["--warehouse", str(self.world.all / FILE)]
        return [["check", *warehouse], ["runs", *warehouse], ["rejects", *warehouse], ["digest", *warehouse],
                ["sql", "select * from songplays", *warehouse], ["check", "--json", *warehouse]]  # fmt: skip

    def play(self, rng: random.Random, folder: Path) -> list[Finding]:
        ways = ["out full", "out closed", "out gone", "err full", "err closed", "err gone"]
        way, choice = rng.choice(ways), rng.random()
        if choice < 0.25 and self.spoiled:
            return self.expect_code(["check", "--warehouse", str(self.spoiled / FILE)], 4, way)
        if choice < 0.4:
            return self.no_crash(rng.choice(self.reading), way)
        scenario = rng.choice(self.scenarios)
        warehouse = scenario.place(folder / "warehouse")
        json = ["--json"] if scenario.args[0] == "load" and rng.random() < 0.5 else []
        result = self.run([*scenario.command(warehouse), *json], way)
        found = aftermath(self.program, scenario, warehouse, result, False)
        return [Finding(f.kind, f"{scenario.name} {json}, {way}, ended {result.code}: {f.text}") for f in found]

    def expect_code(self, args: list[str], code: int, way: str) -> list[Finding]:
        result = self.run(args, way)
        found = health(result)
        if result.code != code:
            found.append(Finding("denied", f"{args[0]} that must exit {code}, {way}: {result.short()}"))
        return found

    def no_crash(self, args: list[str], way: str) -> list[Finding]:
        return [Finding(f.kind, f"{' '.join(args[:2])}, {way}: {f.text}") for f in health(self.run(args, way))]

    def run(self, args: list[str], way: str) -> Result:
        stream, how = way.split()
        began = time.monotonic()
        if how == "closed":
            number = 1 if stream == "out" else 2
            return self.program.run(*args, before=["sh", "-c", f'exec "$@" {number}>&-', "sh"])
        options: dict[str, Any] = {f"std{stream}": self.spoiled_stream(how)}
        process = self.program.start(args, **options)
        os.close(options[f"std{stream}"])
        return wait(process, ["sparkify", *args], began)

    @staticmethod
    def spoiled_stream(how: str) -> int:
        if how == "full":
            return os.open("/dev/full", os.O_WRONLY)
        reader, writer = os.pipe()
        os.close(reader)
        return writer


def spoil(world: World, folder: Path) -> Path | None:
    """A warehouse that fails its checks, where the duckdb package can make one."""
    try:
        import duckdb
    except ImportError:
        return None

    base = folder / "spoiled"
    copy_tree(world.all, base)
    with duckdb.connect(str(base / FILE)) as connection:
        connection.execute("delete from users where user_id = (select min(user_id) from users)")
    return base
