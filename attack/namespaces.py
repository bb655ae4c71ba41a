"""Two first loads at once from two PID namespaces, in which both have the same process id, as in two containers."""

from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path

from arena import Arena
from program import Result, wait
from scenarios import FILE
from verdict import Finding, State, compare, health, left_behind, state_of

APART = ["unshare", "--pid", "--fork", "--mount-proc", "--uts"]


class Namespaces:
    """One of the two must load. The other loads nothing new, waits, or says who holds the warehouse."""

    name, rounds = "namespaces", 100

    def prepare(self, arena: Arena) -> list[Finding]:
        self.program = arena.program
        if subprocess.run([*APART, "true"], capture_output=True).returncode:
            raise SystemExit("attack: unshare --pid is not permitted here; run the part namespaces as root")
        self.load = arena.world().load
        self.scenario = next(s for s in arena.world().scenarios if s.name == "first load")
        return []

    def play(self, number: int, rng: random.Random, folder: Path) -> list[Finding]:
        waits, nested, pause = number % 2 == 0, rng.random() < 0.5, rng.choice([0.0, rng.uniform(0, self.scenario.seconds)])
        warehouse = str(folder / "warehouse" / FILE)
        Path(warehouse).parent.mkdir()
        args = [arg.replace("{w}", warehouse) for arg in self.load] + (["--wait=40"] if waits else [])
        before = [*APART, "sh", "-c", '"$@"; exit $?', "sh"] if nested else APART
        began = time.monotonic()
        first = self.program.start(args, before)
        time.sleep(pause)
        second = self.program.start(args, before)
        results = [wait(process, args, began) for process in (first, second)]
        found = self.judge(results, state_of(self.program, warehouse), waits)
        found += left_behind(Path(warehouse).parent, {FILE, f"{FILE}.wal"})
        where = f"{'with' if waits else 'without'} --wait, {pause * 1000:.0f} ms apart, ended {[r.code for r in results]}"
        return [Finding(f.kind, f"{where}: {f.text}") for f in found]

    def judge(self, results: list[Result], state: State, waits: bool) -> list[Finding]:
        found = [finding for result in results for finding in health(result)]
        done = [result for result in results if result.code in (0, 3)]
        for result in results:
            if result.code in (0, 3):
                continue
            if waits:
                found.append(Finding("other", f"one that waits fails: {result.short()}"))
            elif not any(words in result.err for words in ("holds", "held", "lock", "another")):
                found.append(Finding("other", f"one fails and does not say who holds it: {result.short()}"))
        if not done:
            found.append(Finding("other", "both fail"))
        elif not state.same(self.scenario.after):
            found += compare(state, self.scenario.after, "afterwards")
        return found
