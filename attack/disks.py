"""Disks that are full: small ones in memory (tmpfs), and a tracer that refuses to let files grow any further."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

from arena import Arena
from kills import aftermath
from program import Program, copy_tree
from scenarios import FILE, Scenario
from verdict import Finding, judge, state_of

PAGE = 4096
GIVEN_BACK = 64 * 1024


def used(folder: Path) -> int:
    """Bytes that the files of a folder occupy."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def growth(program: Program, scenario: Scenario, folder: Path) -> int:
    """By how much the command lets its files grow at most, by the tracer's record of writes."""
    warehouse, log = scenario.place(folder / "warehouse"), folder / "calls"
    program.traced([folder / "warehouse"], ["--log", str(log)], *scenario.command(warehouse))
    grown = 0
    for line in log.read_text().splitlines():
        f = line.split("\t")
        if f[1] == "write":
            grown += max(0, int(f[4]) + int(f[5]) - max(int(f[6]), int(f[4])))
    return grown


def may_mount(folder: Path) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    if mount(folder, PAGE * 16) != 0:
        return False
    unmount(folder)
    return True


def mount(folder: Path, size: int) -> int:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "attack", str(folder)]
    return subprocess.run(command, capture_output=True).returncode


def enlarge(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=256m", str(folder)], check=True)


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", str(folder)], capture_output=True)


class FullDisks:
    """The room is spread from nothing to a little more than the command needs."""

    name, rounds = "disks", 300

    def prepare(self, arena: Arena) -> list[Finding]:
        self.program = arena.program
        world, folder = arena.world(), arena.work / self.name
        self.plans = [(s, growth(arena.program, s, folder)) for s in world.scenarios]
        self.mounts = os.getuid() == 0 and may_mount(folder / "mount")
        return []

    def play(self, number: int, rng: random.Random, folder: Path) -> list[Finding]:
        scenario, need = self.plans[number % len(self.plans)]
        room = rng.randrange(0, int(need * 1.1) + 4 * PAGE, PAGE)
        on_tmpfs = self.mounts and (number // len(self.plans)) % 2 == 0
        place = folder / "warehouse"
        found = self.small_disk(scenario, place, room) if on_tmpfs else self.no_growth(scenario, place, room)
        where = f"{scenario.name}, {'a disk' if on_tmpfs else 'files'} with room for {room} of {need} bytes"
        return [Finding(f.kind, f"{where}: {f.text}") for f in found]

    def no_growth(self, scenario: Scenario, place: Path, room: int) -> list[Finding]:
        warehouse = scenario.place(place)
        before = used(place)
        result, _ = self.program.traced([place], ["--room", str(room)], *scenario.command(warehouse))
        found = self.given_back(before, place, result.code)
        return found + aftermath(self.program, scenario, warehouse, result, False)

    def small_disk(self, scenario: Scenario, place: Path, room: int) -> list[Finding]:
        place.mkdir(parents=True)
        base = used(scenario.base) if scenario.base else 0
        if mount(place, base + room + PAGE) != 0:
            return [Finding("other", "cannot mount a small disk")]
        try:
            if scenario.base:
                copy_file(scenario.base / FILE, place / FILE)
            warehouse = str(place / FILE)
            result = self.program.run(*scenario.command(warehouse))
            found = self.given_back(base, place, result.code)
            still_full = judge(scenario.before, scenario.after, result, state_of(self.program, warehouse), False)
            found += [Finding(f.kind, f"while full: {f.text}") for f in still_full]
            enlarge(place)
            found += aftermath(self.program, scenario, warehouse, result, False)
            if found:
                copy_tree(place, place.with_name("disk"))
            return found
        finally:
            unmount(place)

    @staticmethod
    def given_back(before: int, place: Path, code: int) -> list[Finding]:
        """A failed run gives back what it grew the files by."""
        more = used(place) - before
        if code in (0, 3) or more <= GIVEN_BACK:
            return []
        return [Finding("other", f"ended {code} and keeps {more} bytes more than before")]


def copy_file(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())
