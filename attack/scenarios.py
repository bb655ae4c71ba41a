"""The commands that write, each with the warehouse it starts from and the states before and after it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import oracle
from inputs import Month, make_month
from postgres import Server
from program import Program, Result, copy_tree
from verdict import DONE, Finding, State, runs_in, state_of

FILE = "w.duckdb"


@dataclass
class Scenario:
    """`{w}` in the arguments stands for the warehouse."""

    name: str
    args: list[str]
    base: Path | None
    before: State
    after: State
    finish: list[str]
    final: State
    seconds: float = 0.0
    runs: int = 0

    def place(self, folder: Path) -> str:
        """A fresh copy of the warehouse that the command starts from."""
        copy_tree(self.base, folder)
        return str(folder / FILE)

    def command(self, warehouse: str) -> list[str]:
        return [arg.replace("{w}", warehouse) for arg in self.args]

    def next_command(self, warehouse: str) -> list[str]:
        return [arg.replace("{w}", warehouse) for arg in self.finish]


class CannotPrepare(Exception):
    """A command fails that nobody disturbs."""


class World:
    """A month's files, and warehouses that hold half of it, all of it, and none."""

    def __init__(self, program: Program, folder: Path, seed: str, older: Program | None, server: Server | None) -> None:
        self.program, self.folder, self.older, self.server = program, folder, older, server
        shutil.rmtree(folder, ignore_errors=True)
        self.month: Month = make_month(folder / "source", seed)
        sources = ["--logs", str(self.month.logs), "--songs", str(self.month.songs)]
        self.load = ["load", "--warehouse", "{w}", *sources, "--max-rejects", "100%"]
        self.half = self.base("half")
        self.all = self.base("all")
        self.with_half(self.load_half)
        self.must(self.all, self.load)
        self.findings: list[Finding] = []
        self.scenarios = self.all_scenarios()
        self.remote = self.remote_scenarios() if server else []

    def base(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir(parents=True)
        return path

    def load_half(self) -> None:
        self.must(self.half, self.load)
        if self.older:
            self.must(self.base("older"), self.load, self.older)
        if self.server:
            self.half_database = self.server.new_database()
            self.must_remotely(self.half_database, self.load)

    def with_half(self, work: Callable[[], object]) -> None:
        """Does the work while every second file is away."""
        away = self.folder / "away"
        moved = [*self.month.log_files[1::2], *self.month.song_files[1::2]]
        for n, path in enumerate(moved):
            away.mkdir(exist_ok=True)
            shutil.move(path, away / str(n))
        work()
        for n, path in enumerate(moved):
            shutil.move(away / str(n), path)

    def must(self, base: Path, args: list[str], program: Program | None = None) -> Result:
        command = [arg.replace("{w}", str(base / FILE)) for arg in args]
        result = (program or self.program).run(*command)
        if result.code not in DONE:
            raise CannotPrepare(f"undisturbed, {' '.join(command[:3])} fails: {result.short()}")
        return result

    def state(self, base: Path | None) -> State:
        return State("absent") if base is None else state_of(self.program, str(base / FILE))

    def scenario(self, name: str, args: list[str], base: Path | None, finish: list[str]) -> Scenario:
        """Runs the command once, undisturbed, and what is to finish its work, to know where they lead."""
        trial = self.folder / "trial"
        copy_tree(base, trial)
        before = self.state(trial if base else None)
        runs = runs_in(self.program, str(trial / FILE)) if base else 0
        result = self.must(trial, args)
        after = self.state(trial)
        self.must(trial, finish)
        return Scenario(name, args, base, before, after, finish, self.state(trial), result.seconds, runs)

    def all_scenarios(self) -> list[Scenario]:
        """Every command that writes to a warehouse."""
        whole, refresh = self.load, [*self.load, "--full-refresh"]
        replay = ["rejects", "replay", "--warehouse", "{w}"]
        emptied = self.base("emptied")
        copy_tree(self.all, emptied)
        self.must(emptied, ["tables", "drop", "--yes", "--warehouse", "{w}"])
        choices: list[tuple[str, list[str], Path | None, list[str]]] = [
            ("first load", whole, None, whole),
            ("new files", whole, self.half, whole),
            ("nothing new", whole, self.all, whole),
            ("full refresh", refresh, self.all, whole),
            ("full refresh with new files", refresh, self.half, whole),
            ("keep staging", [*whole, "--keep-staging"], self.half, whole),
            ("rejects replay", replay, self.replayable(), replay),
            ("tables reset", ["tables", "reset", "--yes", "--warehouse", "{w}"], self.all, whole),
            ("tables drop", ["tables", "drop", "--yes", "--warehouse", "{w}"], self.all, whole),
            ("tables create", ["tables", "create", "--warehouse", "{w}"], emptied, whole),
        ]
        if self.older:
            create = ["tables", "create", "--warehouse", "{w}"]
            choices.append(("migration", create, self.folder / "older", whole))
        found: list[Scenario] = []
        for name, args, base, finish in choices:
            try:
                found.append(self.scenario(name, args, base, finish))
            except CannotPrepare as error:
                self.findings.append(Finding("other", f"{name} is left out: {error}"))
        return found

    def replayable(self) -> Path:
        """A warehouse with a quarantined line that a replay will load, where the duckdb package can make one."""
        base = self.folder / "replayable"
        copy_tree(self.all, base)
        try:
            import duckdb
        except ImportError:
            return base
        event = {"ts": 1_772_400_000_000, "page": "Home", "sessionId": 7, "itemInSession": 0, "userId": "3", "level": "paid"}
        with duckdb.connect(str(base / FILE)) as connection:
            first = "(run_id, url, line) in (select (run_id, url, line) from load_rejects order by all limit 1)"
            connection.execute(f"update load_rejects set raw = ? where {first}", [json.dumps(event)])
        return base

    def remote_scenarios(self) -> list[tuple[str, Scenario]]:
        """Commands that write to PostgreSQL, each with the database that it starts from a copy of."""
        assert self.server
        self.all_database = self.server.new_database()
        self.must_remotely(self.all_database, self.load)
        reset = ["tables", "reset", "--yes", "--warehouse", "{w}"]
        return [
            self.remote_scenario("new files", self.load, self.half_database),
            self.remote_scenario("first load", self.load, "template0"),
            self.remote_scenario("full refresh", [*self.load, "--full-refresh"], self.half_database),
            self.remote_scenario("tables reset", reset, self.all_database),
        ]

    def must_remotely(self, database: str, args: list[str]) -> Result:
        assert self.server
        result = self.program.run(*(arg.replace("{w}", self.server.url(database)) for arg in args))
        if result.code not in DONE:
            raise SystemExit(f"attack: cannot prepare PostgreSQL: {result.short()}")
        return result

    def remote_scenario(self, name: str, args: list[str], base: str) -> tuple[str, Scenario]:
        assert self.server
        trial = self.server.new_database(base)
        url = self.server.url(trial)
        before = State("absent") if base == "template0" else state_of(self.program, url)
        seconds = self.must_remotely(trial, args).seconds
        after = state_of(self.program, url)
        self.must_remotely(trial, self.load)
        final = state_of(self.program, url)
        self.server.drop(trial)
        return base, Scenario(name, args, None, before, after, [*self.load, "--wait=20"], final, seconds)

    def check_oracle(self) -> list[Finding]:
        """The undisturbed load against plain Python's reading of the same files."""
        wanted = oracle.expected(self.month.log_files, self.month.song_files)
        fresh = self.base("oracle")
        counts = self.must(fresh, [*self.load, "--json"]).json()
        found = compare_counts(counts, wanted)
        for table in oracle.COLUMNS:
            found += self.compare_table(fresh, table, wanted)
        return found

    def compare_table(self, base: Path, table: str, wanted: oracle.Expected) -> list[Finding]:
        columns = ", ".join(oracle.COLUMNS[table].split())
        query = f"select {columns} from {table}"
        printed = self.must(base, ["sql", query, "--format", "json", "--warehouse", "{w}"])
        return differing_rows(table, oracle.rows_of(table, json.loads(printed.out)), wanted.tables[table])


def compare_counts(counts: dict[str, object], wanted: oracle.Expected) -> list[Finding]:
    found = []
    for key in ("lines", "accepted", "duplicates", "rejected"):
        if counts.get(key) != getattr(wanted, key):
            found.append(Finding("other", f"oracle: {key} is {counts.get(key)}, by plain reading {getattr(wanted, key)}"))
    return found


def differing_rows(table: str, rows: list[oracle.Row], wanted: list[oracle.Row]) -> list[Finding]:
    missing, extra = set(wanted) - set(rows), set(rows) - set(wanted)
    if not missing and not extra and len(rows) == len(wanted):
        return []
    kind = "lost" if len(rows) < len(wanted) else "doubled" if len(rows) > len(wanted) else "other"
    few = [f"{name} {row}" for name, group in (("lacks", missing), ("has", extra)) for row in sorted(group, key=repr)[:2]]
    return [Finding(kind, f"oracle: {table} has {len(rows)} rows, by plain reading {len(wanted)}: {'; '.join(few)}")]
