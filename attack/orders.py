"""The same files in other orders and batches, with repeats and little memory: the tables must be the same."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from arena import Arena
from inputs import Month, make_month
from scenarios import FILE
from verdict import Finding, State, compare, health, state_of


class Orders:
    """Files come into the folder in batches; each batch is followed by a load, which sees all that is there."""

    name, rounds = "orders", 500

    def prepare(self, arena: Arena) -> list[Finding]:
        self.arena, self.program = arena, arena.program
        self.wanted: dict[str, State] = {}
        return []

    def warehouse(self, folder: Path) -> str:
        return str(folder / FILE)

    def done_with(self, warehouse: str) -> None:
        """Room for a warehouse that has to be thrown away."""

    def play(self, number: int, rng: random.Random, folder: Path) -> list[Finding]:
        seed = f"{self.arena.seed}/orders/{number // 5}"
        shaping = random.Random(seed)
        shape = {"days": shaping.randint(2, 9), "events": shaping.choice([5, 30, 80]), "songs": shaping.choice([2, 30])}
        month = make_month(folder / "source", seed, **shape)
        if seed not in self.wanted:
            self.wanted = {seed: self.all_at_once(month, folder)}
        warehouse = self.warehouse(folder)
        words, found = self.in_batches(month, warehouse, rng, folder)
        found += compare(state_of(self.program, warehouse), self.wanted[seed], "in batches")
        if not found:
            self.done_with(warehouse)
        return [Finding(f.kind, f"{words}: {f.text}") for f in found]

    def all_at_once(self, month: Month, folder: Path) -> State:
        warehouse = str(folder / "at-once.duckdb")
        sources = ["--logs", str(month.logs), "--songs", str(month.songs)]
        self.program.run("load", "--warehouse", warehouse, *sources, "--max-rejects", "100%")
        return state_of(self.program, warehouse)

    def in_batches(self, month: Month, warehouse: str, rng: random.Random, folder: Path) -> tuple[str, list[Finding]]:
        files, away = [*month.log_files, *month.song_files], folder / "away"
        away.mkdir()
        for n, path in enumerate(files):
            shutil.move(path, away / str(n))
        left = list(range(len(files)))
        rng.shuffle(left)
        sizes: list[int] = []
        found: list[Finding] = []
        loads = 0
        while left:
            size = min(len(left), rng.choice([1, 3, 10, len(left)])) if len(sizes) < 5 else len(left)
            sizes.append(size)
            for n in left[:size]:
                files[n].parent.mkdir(parents=True, exist_ok=True)
                shutil.move(away / str(n), files[n])
            left = left[size:]
            for _ in range(rng.choice([1, 1, 1, 2])):
                loads += 1
                found += self.one_load(month, warehouse, rng)
        return f"{loads} loads of batches {sizes}", found

    def one_load(self, month: Month, warehouse: str, rng: random.Random) -> list[Finding]:
        options = rng.choice([[], ["--memory", "256MiB"], ["--threads", "1"], ["--memory", "256MiB", "--threads", "4"]])
        sources = [("--logs", month.logs), ("--songs", month.songs)]
        given = [part for flag, path in sources if any(path.rglob("*.json*")) for part in (flag, str(path))]
        result = self.program.run("load", "--warehouse", warehouse, "--json", "--max-rejects", "100%", *given, *options)
        found = health(result)
        if result.code not in (0, 3):
            found.append(Finding("other", f"a load fails: {result.short()}"))
        return found


class RemoteOrders(Orders):
    """The same on PostgreSQL; what is loaded at once goes into a DuckDB file, so the engines are compared as well."""

    name, rounds = "orders-postgres", 100

    def prepare(self, arena: Arena) -> list[Finding]:
        self.arena, self.program = arena, arena.program
        self.wanted: dict[str, State] = {}
        if arena.postgres is None:
            raise SystemExit("attack: the part orders-postgres needs --postgres")
        self.server = arena.postgres
        return []

    def warehouse(self, folder: Path) -> str:
        self.database = self.server.new_database()
        return self.server.url(self.database)

    def done_with(self, warehouse: str) -> None:
        self.server.drop(self.database)
