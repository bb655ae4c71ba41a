"""Hostile inputs, each loaded into a new warehouse of every engine: no crash, no hang, no line unaccounted for."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena import Arena
from inputs import Listeners, make_songs, song_record
from mutants import BAD, FILES, GOOD, Line, spoil_lines
from program import Result
from scenarios import FILE
from verdict import DONE, Finding, State, compare, conservation, health, state_of

LARGEST_PAGE = 6_000_000
COMPARED = ["status", "files_listed", "files_loaded", "files_skipped", "lines", "accepted", "duplicates", "rejected",
            "conflicts", "songplays_added", "page_views_added", "users", "songs", "artists", "matched", "song_records",
            "songs_rejected", "songs_differing"]  # fmt: skip


@dataclass
class Input:
    """A folder of logs and one of songs; how many lines must load, and how many must not, where that is sure."""

    logs: Path
    songs: Path
    words: str
    plain: bool = True
    good: int = 0
    bad: int = 0
    lines: int = 0


def make_input(rng: random.Random, folder: Path) -> Input:
    """One to three files; the last is spoiled as a whole, and lines of all of them."""
    songs = make_songs(rng, 12)
    listeners = Listeners(rng, songs, 5)
    made = Input(folder / "logs", folder / "songs", "")
    share = rng.choice([0.0, 0.1, 0.5, 1.0])
    count = rng.randint(1, 3)
    for day in range(count):
        events = [event for event in listeners.day(day, rng.choice([1, 10, 25])) if event["userId"]] or listeners.day(9, 1)
        lines = spoil_lines(rng, events, share)
        mutator = rng.choice(FILES) if day == count - 1 else FILES[0]
        add_file(made, rng, lines, mutator, made.logs / f"2026-03-{day + 1:02d}-events.json")
    add_songs(rng, made.songs, [song_record(rng, song) for song in songs])
    made.words += f", {share:.0%} of the lines spoiled"
    return made


def add_file(made: Input, rng: random.Random, lines: list[Line], mutator: Any, path: Path) -> None:
    body = b"\n".join(part for part, _ in lines) + b"\n"
    spoiled = mutator(rng, path, body)
    made.plain = made.plain and spoiled.plain
    made.words = spoiled.words
    made.lines += sum(1 for part in body.split(b"\n") if part.strip())
    made.good += sum(verdict == GOOD for _, verdict in lines)
    made.bad += sum(verdict == BAD for _, verdict in lines)


def add_songs(rng: random.Random, folder: Path, records: list[dict[str, Any]]) -> None:
    """Song files, a few of them spoiled: of a wrong type, cut, or told twice."""
    folder.mkdir()
    for n, record in enumerate(records):
        body = json.dumps(record)
        if rng.random() < 0.15:
            key = rng.choice(list(record))
            body = rng.choice(
                [body[: len(body) // 2], json.dumps(record | {key: rng.choice([None, {}, "", -1, "x"])}), "[]", body + body]
            )
        (folder / f"TR{n:05d}.json").write_text(body)


class Hostile:
    """Both engines must tell the same; with one engine only what it says by itself is looked at."""

    name, rounds = "hostile", 300

    def prepare(self, arena: Arena) -> list[Finding]:
        self.program, self.server = arena.program, arena.postgres
        return []

    def play(self, number: int, rng: random.Random, folder: Path) -> list[Finding]:
        made = make_input(rng, folder)
        options = ["--max-rejects", "100%"] + rng.choice([[], ["--skip-bad-files"]])
        (folder / "warehouse").mkdir()
        result, state, found = self.load(made, str(folder / "warehouse" / FILE), options)
        if self.server:
            found += self.on_postgres(made, options, result, state)
        return [Finding(f.kind, f"{made.words}: {f.text}") for f in found]

    def load(self, made: Input, warehouse: str, options: list[str]) -> tuple[Result, State, list[Finding]]:
        sources = ["--logs", str(made.logs), "--songs", str(made.songs)]
        result = self.program.run("load", "--warehouse", warehouse, "--json", *sources, *options)
        found = health(result)
        if result.code not in (0, 1, 2, 3, 4, *([101, 134, 139] if found else [])):
            found.append(Finding("other", f"an exit code that there is not: {result.short()}"))
        if result.code == 4:
            found.append(Finding("other", f"its own checks stop it: {result.short()}"))
        state = state_of(self.program, warehouse)
        found += accounts(made, result, state)
        if result.code in DONE:
            found += self.again(warehouse, sources + options, state)
            found += self.readers(warehouse, made.logs.parent / "page.html")
        return result, state, found

    def again(self, warehouse: str, sources: list[str], state: State) -> list[Finding]:
        """Loading twice is loading once."""
        result = self.program.run("load", "--warehouse", warehouse, "--json", *sources)
        found = health(result) + compare(state_of(self.program, warehouse), state, "after a second load")
        if result.code not in DONE:
            found.append(Finding("other", f"the second load fails: {result.short()}"))
        return found

    def readers(self, warehouse: str, page: Path) -> list[Finding]:
        """Whatever was loaded can be looked at."""
        found: list[Finding] = []
        for args in (["report", "--out", str(page)], ["rejects"], ["check"], ["sql", "select * from songplays"]):
            result = self.program.run(*args, "--warehouse", warehouse)
            found += health(result)
            if args[0] == "report" and page.exists() and page.stat().st_size > LARGEST_PAGE:
                found.append(Finding("other", f"the report has {page.stat().st_size} bytes"))
            if result.code != 0:
                found.append(Finding("other", f"{args[0]} ends {result.code}: {result.short()}"))
        return found

    def on_postgres(self, made: Input, options: list[str], other: Result, other_state: State) -> list[Finding]:
        assert self.server
        database = self.server.new_database()
        result, state, found = self.load(made, self.server.url(database), options)
        if result.code != other.code:
            found.append(Finding("other", f"PostgreSQL exits {result.code}, DuckDB {other.code}: {result.short()}"))
        elif result.code in DONE:
            found += compare(state, other_state, "PostgreSQL against DuckDB")
            found += [
                Finding("other", f"PostgreSQL says {key} {result.json().get(key)}, DuckDB {other.json().get(key)}")
                for key in COMPARED
                if result.json().get(key) != other.json().get(key)
            ]
        if not found:
            self.server.drop(database)
        return [Finding(f.kind, f"{database}: {f.text}") for f in found]


def accounts(made: Input, result: Result, state: State) -> list[Finding]:
    """What the load says of itself, against the tables and against the lines as they were written."""
    if result.code not in DONE:
        filled = state.kind == "tables" and state.facts() > 0
        return [Finding("denied", f"failed, and the tables have rows: {result.short()}")] if filled else []
    counts = result.json()
    if not counts:
        return [Finding("other", f"prints no JSON object: {result.out[:200]!r}")]
    found, rows = conservation(counts), state.rows()
    for table in ("songplays", "page_views"):
        if state.kind == "tables" and rows.get(table, 0) != counts.get(f"{table}_added"):
            found.append(Finding("lost", f"{table} has {rows.get(table, 0)} rows, added {counts.get(f'{table}_added')}"))
    if counts.get("accepted") != counts.get("songplays_added", 0) + counts.get("page_views_added", 0):
        found.append(Finding("lost", f"accepted {counts.get('accepted')} is not what was added"))
    return found + (against_lines(made, counts) if made.plain and not counts.get("files_skipped") else [])


def against_lines(made: Input, counts: dict[str, Any]) -> list[Finding]:
    found = []
    if counts["lines"] != made.lines:
        found.append(Finding("lost", f"counts {counts['lines']} lines, written {made.lines}"))
    if counts["accepted"] + counts["duplicates"] < made.good:
        found.append(Finding("lost", f"accepts {counts['accepted']} of {made.good} lines that must load"))
    if counts["rejected"] < made.bad:
        found.append(Finding("other", f"rejects {counts['rejected']} of {made.bad} lines that must not load"))
    return found
