"""Plays the rounds of a part, counts what was found, and keeps the state of each finding with a command to repeat it."""

from __future__ import annotations

import os
import random
import shutil
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from postgres import Server
from program import Program
from scenarios import World
from verdict import KINDS, Finding

KEPT_FINDINGS = 25


@dataclass
class Arena:
    """What all parts share."""

    program: Program
    work: Path
    findings: Path
    seed: str
    postgres: Server | None = None
    older: Program | None = None
    polite: float = 0.0

    built: World | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def world(self) -> World:
        """The month and warehouses that the parts start from; whoever comes first makes them."""
        with self.lock:
            if self.built is None:
                self.built = World(self.program, self.work / "world", self.seed, self.older, self.postgres)
            return self.built


class Part(Protocol):
    """A kind of attack. `play` gets a fresh folder and returns what it found in one round."""

    name: str
    rounds: int

    def prepare(self, arena: Arena) -> list[Finding]: ...

    def play(self, number: int, rng: random.Random, folder: Path) -> list[Finding]: ...


@dataclass
class Tally:
    """The counts of one part."""

    name: str
    rounds: int = 0
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    texts: list[str] = field(default_factory=list)

    def note(self, where: str, findings: list[Finding]) -> None:
        for kind in {finding.kind for finding in findings}:
            self.counts[kind] += 1
        self.texts += [f"{where}: {finding.kind}: {finding.text}" for finding in findings]

    def row(self) -> list[str]:
        return [self.name, str(self.rounds), *(str(self.counts[kind]) for kind in KINDS), f"{self.seconds:.0f} s"]


def run_part(arena: Arena, part: Part, rounds: int, only: int | None) -> Tally:
    """Plays all rounds of a part, or only one. A round with several findings of one kind counts once for it."""
    tally, began = Tally(part.name), time.monotonic()
    tally.note("prepare", part.prepare(arena))
    for number in [only] if only is not None else range(rounds):
        wait_for_idle(arena.polite)
        folder = arena.work / part.name / "round"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        findings = part.play(number, random.Random(f"{arena.seed}/{part.name}/{number}"), folder)
        tally.rounds += 1
        tally.note(f"round {number}", findings)
        if findings:
            keep(arena, part, number, folder, findings, sum(tally.counts.values()))
    tally.seconds = time.monotonic() - began
    return tally


def keep(arena: Arena, part: Part, number: int, folder: Path, findings: list[Finding], before: int) -> None:
    """Saves the folder of a round that found something, and how to play it again."""
    for finding in findings:
        print(f"{part.name} {number}: {finding.kind}: {finding.text[:400]}", file=sys.stderr, flush=True)
    if before > KEPT_FINDINGS:
        return
    target = arena.findings / f"{part.name}-{number}"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target, symlinks=True, ignore=special_files)
    again = f"python3 {Path(__file__).with_name('run.py')} --binary {arena.program.binary} {part.name}"
    again += f" --seed {arena.seed} --only {number}"
    text = "\n".join(f"# {finding.kind}: {finding.text!r}" for finding in findings)
    (target / "reproduce.sh").write_text(f"{text}\n{again}{' --postgres start' if arena.postgres else ''}\n")


def special_files(folder: str, names: list[str]) -> list[str]:
    """What cannot be copied: pipes, sockets and mount points."""
    paths = [Path(os.fsdecode(folder)) / name for name in names]
    return [p.name for p in paths if not p.is_symlink() and (p.is_fifo() or p.is_socket() or p.is_mount())]


def wait_for_idle(load: float) -> None:
    while load and os.getloadavg()[0] > load:
        time.sleep(5)
