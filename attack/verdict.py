"""What a warehouse holds, what a run said of it, and whether the two agree."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from program import Program, Result

KINDS = ["lost", "doubled", "destroyed", "denied", "other"]
DONE = (0, 3)
UNCHANGED_WORDS = ("as it was", "nothing was changed", "nothing has happened", "was not changed")
FACTS = ("songplays", "page_views")


@dataclass(frozen=True)
class Finding:
    """One thing that must not be: of one of the KINDS, in words."""

    kind: str
    text: str


@dataclass(frozen=True)
class State:
    """What a warehouse holds: `absent`, `empty` (it opens, without tables), `tables`, or `broken`."""

    kind: str
    digest: str = ""
    said: str = ""

    def same(self, other: State) -> bool:
        """Equal rows. Where there was no warehouse, one without rows is as good as none."""
        if "absent" in (self.kind, other.kind):
            return self.kind != "broken" and other.kind != "broken" and not self.holds_rows() and not other.holds_rows()
        return (self.kind, self.digest) == (other.kind, other.digest)

    def holds_rows(self) -> bool:
        return any(self.rows().values())

    def rows(self) -> dict[str, int]:
        """Rows by table, from the digest."""
        return {row["table"]: int(row["rows"]) for row in json.loads(self.digest or "[]")}

    def facts(self) -> int:
        rows = self.rows()
        return sum(rows.get(table, 0) for table in FACTS)


def state_of(program: Program, warehouse: str) -> State:
    """Opens the warehouse through sparkify itself and says what it holds."""
    on_disk = "://" not in warehouse
    if on_disk and not any(Path(warehouse).parent.glob(Path(warehouse).name + "*")):
        return State("absent")
    result = program.run("digest", "--json", "--warehouse", warehouse)
    if result.code == 0:
        return State("tables", result.out)
    if on_disk and not Path(warehouse).exists():
        return State("absent", said=result.short())
    if program.older and on_disk and not result.crashed:
        state = state_of(program.older, warehouse)
        if state.kind == "tables":
            return state
    return State("empty" if says_empty(result) else "broken", said=result.short())


def says_empty(result: Result) -> bool:
    return not result.crashed and "has no sparkify tables" in result.err


def compare(state: State, wanted: State, when: str) -> list[Finding]:
    """How a state differs from the one that it should be."""
    if state.same(wanted):
        return []
    if state.kind == "broken":
        return [Finding("destroyed", f"{when}: does not open: {state.said}")]
    if state.kind != wanted.kind:
        return [Finding("destroyed", f"{when}: is {state.kind} of {state.facts()} rows instead of {wanted.kind} {state.said}")]
    kind = "lost" if state.facts() <= wanted.facts() else "doubled"
    return [Finding(kind, f"{when}: {difference(state.digest, wanted.digest)}")]


def difference(one: str, other: str) -> str:
    pairs = zip(json.loads(one or "[]"), json.loads(other or "[]"))
    differing = [f"{a['table']} has {a['rows']} rows instead of {b['rows']}" for a, b in pairs if a != b]
    return "; ".join(differing) or "another number of tables"


def runs_in(program: Program, warehouse: str) -> int:
    """How many runs the ledger lists."""
    try:
        return len(json.loads(program.run("runs", "--json", "--warehouse", warehouse).out))
    except ValueError:
        return 0


def health(result: Result) -> list[Finding]:
    """A hang or a crash, whatever else came of the run."""
    found = []
    if result.hung:
        found.append(Finding("other", f"hangs: {' '.join(result.args[-6:])}"))
    elif result.crashed:
        found.append(Finding("other", f"crashes: {result.short()}"))
    return found


def judge(before: State, after: State, result: Result, state: State, stopped: bool) -> list[Finding]:
    """The state after a run that something was done to. `stopped`: it ended by a signal, so its exit code says nothing."""
    found = health(result)
    if not (state.same(before) or state.same(after)):
        nearest = before if abs(state.facts() - before.facts()) <= abs(state.facts() - after.facts()) else after
        return found + compare(state, nearest, "afterwards")
    if before.same(after) or stopped or result.hung:
        return found
    if result.code in DONE and not state.same(after):
        found.append(Finding("denied", f"says done, and is not: {result.short()}"))
    if result.code not in DONE and state.same(after):
        found.append(Finding("denied", f"says failed, and is done: {result.short()}"))
    elif state.same(after) and any(words in result.err for words in UNCHANGED_WORDS):
        found.append(Finding("denied", f"says unchanged, and is done: {result.short()}"))
    return found


def finished(result: Result, state: State, final: State) -> list[Finding]:
    """The next run must do the work, whatever was done to the one before."""
    found = health(result)
    if result.code not in DONE:
        found.append(Finding("destroyed", f"the next run fails: {result.short()}"))
    return found + compare(state, final, "after the next run")


def conservation(counts: dict[str, object]) -> list[Finding]:
    """lines = accepted + duplicates + rejected, by what a load says of itself."""
    numbers = {key: int(str(counts.get(key, 0))) for key in ("lines", "accepted", "duplicates", "rejected", "erased")}
    total = numbers["lines"]
    parts = total - sum(value for key, value in numbers.items() if key != "lines")
    if parts == 0:
        return []
    return [Finding("lost" if parts > 0 else "doubled", f"lines do not add up: {json.dumps(numbers)}")]


def left_behind(folder: Path, wanted: set[str]) -> list[Finding]:
    """Files beside the warehouse that no run takes away any more."""
    there = {path.name for path in folder.iterdir()} - wanted
    return [Finding("other", f"left behind: {', '.join(sorted(there))}")] if there else []
