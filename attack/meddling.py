"""What people do to a warehouse after a kill, before sparkify sees it again: another copy put in its place, the file taken
away, another DuckDB client writing to it, a folder that cannot be written. What was left beside it must not undo that."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

from aimed import AimedKills, Call
from arena import Arena
from scenarios import FILE, Scenario
from verdict import DONE, Finding, compare, finished, health, state_of


class Meddling:
    """Each round kills a command at a call as the part `aimed` does, and then meddles."""

    name, rounds = "meddling", 100

    def prepare(self, arena: Arena) -> list[Finding]:
        self.program, self.world = arena.program, arena.world()
        self.aimed = AimedKills()
        found = self.aimed.prepare(arena)
        self.plans = [(scenario, calls) for scenario, calls in self.aimed.plans if scenario.base]
        return found

    def play(self, number: int, rng: random.Random, folder: Path) -> list[Finding]:
        scenario, calls = rng.choice(self.plans)
        call = rng.choice(calls)
        place = folder / "warehouse"
        warehouse = scenario.place(place)
        self.program.traced([place], self.orders(call, rng), *scenario.command(warehouse))
        shutil.copytree(place, folder / "as-left")
        ways = [self.replaced, self.taken_away, self.written_by_another, self.only_readable]
        way = ways[number % len(ways)]
        where = f"{scenario.name}, killed at call {call.number} of {len(calls)} ({call.kind}), {way.__name__}"
        return [Finding(f.kind, f"{where}: {f.text}") for f in way(scenario, Path(warehouse))]

    @staticmethod
    def orders(call: Call, rng: random.Random) -> list[str]:
        if call.overwrites:
            return ["--kill", str(call.number), "--cut", str(4096 * rng.randint(1, max(1, call.length // 4096)))]
        return ["--kill", str(call.number), "--kill-after", "1"]

    def replaced(self, scenario: Scenario, warehouse: Path) -> list[Finding]:
        """A backup is put in the file's place: it is what counts from then on."""
        warehouse.unlink()
        shutil.copy(self.world.all / FILE, warehouse)
        Path(f"{warehouse}.wal").unlink(missing_ok=True)
        return compare(state_of(self.program, str(warehouse)), self.world.state(self.world.all), "with a backup in its place")

    def taken_away(self, scenario: Scenario, warehouse: Path) -> list[Finding]:
        """Without the file the next load is a first one."""
        warehouse.unlink()
        result = self.program.run(*(arg.replace("{w}", str(warehouse)) for arg in self.world.load))
        final = self.world.state(self.world.all)
        return finished(result, state_of(self.program, str(warehouse)), final)

    def written_by_another(self, scenario: Scenario, warehouse: Path) -> list[Finding]:
        """What another client committed in between stays."""
        try:
            import duckdb
        except ImportError:
            return []
        try:
            with duckdb.connect(str(warehouse)) as connection:
                connection.execute("create table of_another as select range as n from range(3000)")
                connection.execute("checkpoint")
        except duckdb.Error:
            return []
        result = self.program.run(*(arg.replace("{w}", str(warehouse)) for arg in self.world.load))
        found = finished(result, state_of(self.program, str(warehouse)), scenario.final) if scenario.after.holds_rows() else []
        query = ["sql", "select count(*) as n from of_another", "--format", "csv", "--warehouse", str(warehouse)]
        seen = self.program.run(*query)
        if "3000" not in seen.out:
            found.append(Finding("lost", f"what another client committed is gone: {seen.short()}"))
        return found

    def only_readable(self, scenario: Scenario, warehouse: Path) -> list[Finding]:
        """A reader that may not write tells the state before or after, or refuses; afterwards nothing has changed."""
        place = warehouse.parent
        mounted = subprocess.run(["mount", "--bind", str(place), str(place)], capture_output=True).returncode == 0
        if not mounted:
            return []
        try:
            subprocess.run(["mount", "-o", "remount,bind,ro", str(place)], check=True)
            result = self.program.run("digest", "--json", "--warehouse", str(warehouse))
        finally:
            subprocess.run(["umount", "-l", str(place)], capture_output=True)
        found = health(result)
        if result.code in DONE and result.out not in (scenario.before.digest, scenario.after.digest):
            found.append(Finding("destroyed", f"a reader that may not write sees another state: {result.short()}"))
        after = self.program.run(*scenario.next_command(str(warehouse)))
        return found + finished(after, state_of(self.program, str(warehouse)), scenario.final)
