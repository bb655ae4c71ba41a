"""Power cuts: records what a command writes, and builds states that a cut in the middle could leave on the disk.

The model is that of a journalling file system such as ext4: what was written before the last fsync of a file is there;
of what came later any part may be there, one write torn at a sector or page. Names and lengths change in the order in
which they were changed, and an fsync of any file makes all earlier ones last."""

from __future__ import annotations

import hashlib
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from arena import Arena
from program import Program
from scenarios import FILE, Scenario
from verdict import Finding, compare, finished, state_of

SECTOR, PAGE = 512, 4096


@dataclass
class Step:
    """One recorded call. `node` numbers a file over all its names; `covers` is how many steps had ended before it began."""

    kind: str
    node: int
    offset: int
    length: int
    data: bytes
    covers: int
    path: str
    path2: str
    synced: bool


@dataclass
class Recording:
    scenario: Scenario
    folder: Path
    steps: list[Step] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    bodies: dict[int, bytes] = field(default_factory=dict)
    done: bool = True
    risky: list[int] = field(default_factory=list)

    def find_risky(self) -> None:
        """Moments at which bytes that were there before are being written over, and no fsync has come since."""
        written: dict[int, int] = {node: len(body) for node, body in self.bodies.items()}
        under_way: dict[int, int] = {}
        for n, step in enumerate(self.steps):
            if step.kind == "write":
                if step.offset < written.get(step.node, 0):
                    under_way[step.node] = n
                written[step.node] = max(written.get(step.node, 0), step.offset + step.length)
            elif step.kind == "sync":
                under_way.pop(step.node, None)
            if under_way:
                self.risky.append(n + 1)


class Recorder:
    """Turns the tracer's record into steps, with files numbered anew when an inode is used again."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.nodes: dict[int, int] = {}
        self.last = 0
        for path in sorted(recording.folder.rglob("*")):
            if path.is_file():
                node = self.node(path.stat().st_ino)
                recording.names[str(path)] = node
                recording.bodies[node] = path.read_bytes()

    def node(self, inode: int, fresh: bool = False) -> int:
        if fresh or inode not in self.nodes:
            self.last += 1
            self.nodes[inode] = self.last
        return self.nodes[inode]

    def read(self, log: Path, data: Path) -> None:
        body = data.read_bytes()
        for line in log.read_text().splitlines():
            _, kind, result, inode, offset, length, existed, truncates, synced, covers, at, path, path2 = line.split("\t")
            taken = body[int(at) : int(at) + int(length)] if kind == "write" else b""
            if int(result) < 0:
                kind = "failed"
            node = self.node(int(inode), kind == "create" and existed == "0") if int(inode) else 0
            step = Step(kind, node, int(offset), int(length), taken, int(covers), path, path2, synced == "1")
            if kind == "create" and existed != "0":
                step.kind = "truncate" if truncates == "1" else "failed"
            self.recording.steps.append(step)


def record(program: Program, scenario: Scenario, folder: Path) -> Recording:
    """Runs the command under the tracer."""
    place = folder / "warehouse"
    warehouse = scenario.place(place)
    recording = Recording(scenario, place)
    recorder = Recorder(recording)
    orders = ["--log", str(folder / "calls"), "--data", str(folder / "bytes")]
    result, _ = program.traced([place], orders, *scenario.command(warehouse))
    recording.done = result.code in (0, 3)
    recorder.read(folder / "calls", folder / "bytes")
    recording.find_risky()
    return recording


class Disk:
    """What a disk holds after a part of the steps."""

    def __init__(self, recording: Recording) -> None:
        self.names = dict(recording.names)
        self.bodies = {node: bytearray(body) for node, body in recording.bodies.items()}

    def write(self, node: int, offset: int, data: bytes) -> None:
        body = self.bodies.setdefault(node, bytearray())
        if len(body) < offset + len(data):
            body.extend(bytes(offset + len(data) - len(body)))
        body[offset : offset + len(data)] = data

    def rearrange(self, step: Step) -> None:
        """A change of names or lengths."""
        body = self.bodies.setdefault(step.node, bytearray())
        if step.kind == "create":
            self.names[step.path] = step.node
        elif step.kind == "truncate":
            del body[step.length :]
            body.extend(bytes(step.length - len(body)))
        elif step.kind == "rename":
            self.names.pop(step.path, None)
            self.names[step.path2] = step.node
        elif step.kind == "link":
            self.names[step.path2] = step.node
        elif step.kind == "unlink":
            self.names.pop(step.path, None)

    def put(self, recorded: Path, target: Path) -> None:
        """Writes the files below `target`, as they lay below `recorded`."""
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name, node in self.names.items():
            path = target / Path(name).relative_to(recorded)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.bodies.get(node, b""))

    def mark(self) -> bytes:
        mark = hashlib.sha256()
        for name, node in sorted(self.names.items()):
            mark.update(name.encode() + b"\0" + self.bodies.get(node, b"") + b"\0")
        return mark.digest()


ARRANGING = ("create", "truncate", "rename", "link", "unlink")


def after_cut(recording: Recording, cut: int, rng: random.Random) -> tuple[Disk, str]:
    """A state that a power cut after `cut` steps could leave, and in words what of the unsynced is there."""
    steps = recording.steps[:cut]
    lasting = lasting_steps(steps)
    pending = [n for n, step in enumerate(steps) if step.kind == "write" and n not in lasting]
    arranged = [n for n, step in enumerate(steps) if step.kind in ARRANGING and n not in lasting]
    kept = set(choose(pending, rng)) | set(arranged[: rng.randint(0, len(arranged))])
    torn = rng.choice(sorted(kept & set(pending))) if kept & set(pending) and rng.random() < 0.7 else None
    disk = Disk(recording)
    for n, step in enumerate(steps):
        if n not in lasting and n not in kept:
            continue
        if step.kind != "write":
            disk.rearrange(step)
        elif n == torn:
            tear(disk, step, rng)
        else:
            disk.write(step.node, step.offset, step.data)
    return disk, f"cut after {cut} of {len(recording.steps)}, {len(kept)} of {len(pending) + len(arranged)} unsynced, torn {torn}"


def lasting_steps(steps: list[Step]) -> set[int]:
    """Steps that an fsync has made last."""
    lasting: set[int] = set()
    for n, step in enumerate(steps):
        if step.kind == "sync":
            covered = range(min(step.covers, n))
            lasting |= {m for m in covered if steps[m].kind == "write" and steps[m].node == step.node}
            lasting |= {m for m in covered if steps[m].kind in ARRANGING}
        elif step.kind == "write" and step.synced:
            lasting.add(n)
    return lasting


def choose(pending: list[int], rng: random.Random) -> list[int]:
    """The earliest, the latest, one, all but one, or any of the writes that are under way."""
    how = rng.randrange(5)
    if not pending or how == 0:
        return pending[: rng.randint(0, len(pending))]
    if how == 1:
        return pending[rng.randrange(len(pending)) :]
    if how == 2:
        return [rng.choice(pending)]
    if how == 3:
        return [n for n in pending if n != rng.choice(pending)]
    return [n for n in pending if rng.random() < 0.5]


def tear(disk: Disk, step: Step, rng: random.Random) -> None:
    """Some sectors of a write arrive: its beginning, its end, or any."""
    grain = rng.choice([SECTOR, PAGE])
    parts = [(at, step.data[at : at + grain]) for at in range(0, len(step.data), grain)]
    cut, how = rng.randint(0, len(parts)), rng.randrange(3)
    chosen = parts[:cut] if how == 0 else parts[cut:] if how == 1 else [part for part in parts if rng.random() < 0.5]
    for at, data in chosen:
        disk.write(step.node, step.offset + at, data)


class TornWrites:
    """Each state must open as the one before or after, and the next load must finish the work."""

    name, rounds = "torn", 2000

    def prepare(self, arena: Arena) -> list[Finding]:
        self.program = arena.program
        self.seen: set[bytes] = set()
        world, folder = arena.world(), arena.work / self.name
        self.recordings = []
        for n, scenario in enumerate(world.scenarios):
            recording = record(arena.program, scenario, folder / f"recording-{n}")
            if len(recording.steps) > 2:
                self.recordings.append(recording)
        return []

    def play(self, number: int, rng: random.Random, folder: Path) -> list[Finding]:
        recording = self.recordings[number % len(self.recordings)]
        disk, words, cut = self.new_state(recording, rng)
        place = folder / "warehouse"
        disk.put(recording.folder, place)
        shutil.copytree(place, folder / "as-found")
        found = self.look(recording, str(place / FILE), cut == len(recording.steps) and recording.done)
        if not found:
            shutil.rmtree(folder / "as-found")
        return [Finding(f.kind, f"{recording.scenario.name}, {words}: {f.text}") for f in found]

    def new_state(self, recording: Recording, rng: random.Random) -> tuple[Disk, str, int]:
        """A state that was not tried yet, as far as there are any."""
        for _ in range(40):
            cut = self.choose_cut(recording, rng)
            disk, words = after_cut(recording, cut, rng)
            mark = disk.mark()
            if mark not in self.seen:
                break
        self.seen.add(mark)
        return disk, words, cut

    @staticmethod
    def choose_cut(recording: Recording, rng: random.Random) -> int:
        """Every second cut comes while older bytes are being written over, one of twenty after the end."""
        chance, end = rng.random(), len(recording.steps)
        if chance < 0.05:
            return end
        return rng.choice(recording.risky) if recording.risky and chance < 0.55 else rng.randint(1, end)

    def look(self, recording: Recording, warehouse: str, ended: bool) -> list[Finding]:
        scenario = recording.scenario
        state = state_of(self.program, warehouse)
        found: list[Finding] = []
        if not (state.same(scenario.before) or state.same(scenario.after)):
            nearest = scenario.before if scenario.before.kind == "tables" else scenario.after
            found += compare(state, nearest, "after the cut")
        elif ended and not state.same(scenario.after):
            found += [Finding("lost", "the command had ended well, and the cut took what it did")]
        after = self.program.run(*scenario.next_command(warehouse))
        end = state_of(self.program, warehouse) if after.code not in (0, 3) or len(self.seen) % 2 else scenario.final
        return found + finished(after, end, scenario.final)
