"""Ends commands by signals at random moments: SIGKILL, SIGINT and SIGTERM, on DuckDB files and on PostgreSQL."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path
from typing import Any

from arena import Arena
from postgres import Server
from program import Program, Result, copy_tree, wait
from scenarios import FILE, Scenario, World
from verdict import DONE, Finding, finished, health, judge, left_behind, runs_in, state_of

SIGNALS = [signal.SIGKILL] * 7 + [signal.SIGINT] * 2 + [signal.SIGTERM]


def run_and_signal(program: Program, args: list[str], after: float, number: signal.Signals, **options: Any) -> Result:
    """Sends a signal to a run after some seconds, unless it has ended before."""
    began = time.monotonic()
    process = program.start(args, **options)
    time.sleep(after)
    if process.poll() is None:
        os.kill(process.pid, number)
    return wait(process, ["sparkify", *args], began)


class Kills:
    """Every command that writes to a warehouse, and those that write files."""

    name, rounds = "kills", 700

    def prepare(self, arena: Arena) -> list[Finding]:
        self.program, self.postgres = arena.program, arena.postgres
        world = arena.world()
        self.scenarios = world.scenarios
        self.files = WholeFiles(arena.program, arena.work / self.name / "files", world)
        self.remote = RemoteKills(arena.program, self.postgres, world.remote) if self.postgres else None
        return world.check_oracle()

    def play(self, number: int, rng: random.Random, folder: Path) -> list[Finding]:
        if number % 7 == 6:
            return self.files.play(rng, folder)
        if number % 7 == 5 and self.remote:
            return self.remote.play(rng)
        scenario = self.scenarios[(number - number // 7) % len(self.scenarios)]
        warehouse = scenario.place(folder / "warehouse")
        moment = rng.uniform(0.0, scenario.seconds * 1.15)
        result = run_and_signal(self.program, scenario.command(warehouse), moment, rng.choice(SIGNALS))
        found = aftermath(self.program, scenario, warehouse, result, result.code < 0)
        where = f"{scenario.name}, after {moment * 1000:.0f} ms, ended {result.code}"
        return [Finding(f.kind, f"{where}: {f.text}") for f in found]


def aftermath(program: Program, scenario: Scenario, warehouse: str, result: Result, stopped: bool) -> list[Finding]:
    """The state that a disturbed run left, what it said of it, and whether the next run finishes the work."""
    place = Path(warehouse).parent
    copy_tree(place, place.with_name("as-left"))
    found = judge(scenario.before, scenario.after, result, state_of(program, warehouse), stopped)
    unclear = scenario.before.same(scenario.after) and result.code not in DONE and not stopped
    if unclear and runs_in(program, warehouse) > scenario.runs:
        found.append(Finding("denied", f"says failed, and its run is in the ledger: {result.short()}"))
    after = program.run(*scenario.next_command(warehouse))
    found += finished(after, state_of(program, warehouse), scenario.final)
    return found + left_behind(place, {FILE, f"{FILE}.wal"})


class RemoteKills:
    """Loads into PostgreSQL: the client is killed, or the server ends its connection."""

    def __init__(self, program: Program, server: Server, scenarios: list[tuple[str, Scenario]]) -> None:
        self.program, self.server, self.scenarios = program, server, scenarios

    def play(self, rng: random.Random) -> list[Finding]:
        base, scenario = rng.choice(self.scenarios)
        database = self.server.new_database(base)
        url, moment = self.server.url(database), rng.uniform(0.0, scenario.seconds * 1.1)
        if rng.random() < 0.25:
            how, result = "connection ended", self.run_and_cut(scenario.command(url), moment, database)
        else:
            how, result = "signal", run_and_signal(self.program, scenario.command(url), moment, rng.choice(SIGNALS))
        self.await_quiet(database)
        found = judge(scenario.before, scenario.after, result, state_of(self.program, url), result.code < 0)
        found += finished(self.program.run(*scenario.next_command(url)), state_of(self.program, url), scenario.final)
        if not found:
            self.server.drop(database)
        where = f"PostgreSQL {database}, {scenario.name}, {how} after {moment * 1000:.0f} ms, ended {result.code}"
        return [Finding(f.kind, f"{where}: {f.text}") for f in found]

    def run_and_cut(self, args: list[str], after: float, database: str) -> Result:
        began = time.monotonic()
        process = self.program.start(args)
        time.sleep(after)
        self.server.close_others(database)
        return wait(process, ["sparkify", *args], began)

    def await_quiet(self, database: str) -> None:
        """A commit that was on its way when the client died may still arrive; the server then has a second or two."""
        for _ in range(100):
            busy = f"select count(*) from pg_stat_activity where datname = '{database}' and pid <> pg_backend_pid()"
            if self.server.sql("postgres", busy).strip() == "0":
                return
            time.sleep(0.1)


class WholeFiles:
    """Commands that write files: whoever looks finds whole ones only."""

    def __init__(self, program: Program, folder: Path, world: World) -> None:
        self.program, self.world = program, world
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.simulate = ["simulate", "--users", "40", "--songs", "80", "--seed", "7"]
        self.sound = folder / "sound"
        self.simulate_seconds = program.run(*self.simulate, "--out", str(self.sound)).seconds
        self.report_seconds = program.run(*self.report(folder / "page.html")).seconds
        (folder / "demo").mkdir()
        self.demo_seconds = program.run("demo", cwd=folder / "demo").seconds

    def report(self, page: Path) -> list[str]:
        return ["report", "--warehouse", str(self.world.all / "w.duckdb"), "--out", str(page)]

    def play(self, rng: random.Random, folder: Path) -> list[Finding]:
        number = rng.choice(SIGNALS)
        return rng.choice([self.kill_simulate, self.kill_report, self.kill_demo])(rng, folder, number)

    def kill_demo(self, rng: random.Random, folder: Path, number: signal.Signals) -> list[Finding]:
        """Whatever a killed demonstration left, the next one in the same folder does."""
        moment = rng.uniform(0, self.demo_seconds * 1.1)
        first = run_and_signal(self.program, ["demo"], moment, number, cwd=folder)
        second = self.program.run("demo", cwd=folder)
        found = health(first) + health(second)
        if second.code not in DONE:
            found.append(
                Finding("other", f"demo after {number.name} at {moment * 1000:.0f} ms: the next one fails: {second.short()}")
            )
        return found

    def kill_simulate(self, rng: random.Random, folder: Path, number: signal.Signals) -> list[Finding]:
        out, moment = folder / "out", rng.uniform(0, self.simulate_seconds * 1.1)
        run_and_signal(self.program, [*self.simulate, "--out", str(out)], moment, number)
        found = []
        for path in sorted(out.rglob("*")) if out.exists() else []:
            inside = path.relative_to(out)
            if path.is_file() and not any(part.startswith((".", "_")) for part in inside.parts):
                twin = self.sound / inside
                if not twin.exists() or twin.read_bytes() != path.read_bytes():
                    found.append(
                        Finding("other", f"simulate, {number.name}: {inside} is not whole ({path.stat().st_size} bytes)")
                    )
        return found[:3]

    def kill_report(self, rng: random.Random, folder: Path, number: signal.Signals) -> list[Finding]:
        page, moment = folder / "page.html", rng.uniform(0, self.report_seconds * 1.1)
        before = state_of(self.program, str(self.world.all / "w.duckdb"))
        self.program.run(*self.report(page))
        old = page.read_bytes()
        run_and_signal(self.program, self.report(page), moment, number)
        now = page.read_bytes() if page.exists() else b""
        found = [] if now == old or now.rstrip().endswith(b"</html>") else [Finding("lost", f"report: page of {len(now)} bytes")]
        if not state_of(self.program, str(self.world.all / "w.duckdb")).same(before):
            found.append(Finding("lost", "report: the warehouse is another one"))
        self.program.run(*self.report(page))
        return found + left_behind(folder, {page.name})
