"""Kills aimed at single system calls: at the n-th change of the warehouse's files, after a part of that write."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from arena import Arena
from kills import aftermath
from program import Program
from scenarios import Scenario
from verdict import Finding

PAGE = 4096


@dataclass
class Call:
    """A line of the tracer's record."""

    kind: str
    number: int
    offset: int
    length: int
    size: int

    @property
    def overwrites(self) -> bool:
        """A write of several pages over what was there: cut short, it leaves neither the old nor the new."""
        return self.kind == "write" and self.length > PAGE and self.offset < self.size


def calls_of(program: Program, scenario: Scenario, folder: Path) -> list[Call]:
    """Which calls a command makes, by an undisturbed run under the tracer."""
    warehouse, log = scenario.place(folder / "warehouse"), folder / "calls"
    program.traced([folder / "warehouse"], ["--log", str(log)], *scenario.command(warehouse))
    fields = [line.split("\t") for line in log.read_text().splitlines()]
    return [Call(f[1], int(f[0]), int(f[4]), int(f[5]), int(f[6])) for f in fields]


class AimedKills:
    """A third of the kills go to writes that lie over older bytes, the others to any call, in turn."""

    name, rounds = "aimed", 300

    def prepare(self, arena: Arena) -> list[Finding]:
        self.program = arena.program
        world, folder = arena.world(), arena.work / self.name
        self.plans: list[tuple[Scenario, list[Call]]] = []
        for scenario in world.scenarios:
            calls = calls_of(arena.program, scenario, folder)
            if len(calls) > 2:
                self.plans.append((scenario, calls))
        return []

    def play(self, number: int, rng: random.Random, folder: Path) -> list[Finding]:
        scenario, calls = self.plans[number % len(self.plans)]
        dangerous = [call for call in calls if call.overwrites]
        turn = number // len(self.plans)
        in_turn = dangerous if dangerous and turn % 3 != 2 else calls
        call = in_turn[turn % len(in_turn)] if turn < len(in_turn) else rng.choice(in_turn)
        orders = ["--kill", str(call.number)]
        if call.kind == "write" and call.length > PAGE:
            orders += ["--cut", str(PAGE * rng.randrange(1, (call.length + PAGE - 1) // PAGE))]
        elif rng.random() < 0.5:
            orders += ["--kill-after", "1"]
        warehouse = scenario.place(folder / "warehouse")
        result, seen = self.program.traced([folder / "warehouse"], orders, *scenario.command(warehouse))
        found = aftermath(self.program, scenario, warehouse, result, bool(seen.get("killed")))
        where = f"{scenario.name}, {' '.join(orders)} ({call.kind} of {call.length} bytes at {call.offset})"
        return [Finding(f.kind, f"{where}: {f.text}") for f in found]
