"""Runs sparkify and the tracer, with an environment of their own and a time after which they hang."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

HERE = Path(__file__).resolve().parent
HANG_SECONDS = 60.0


@dataclass
class Result:
    """How a run ended. `code` is negative for a signal, as Python has it; under the tracer it is 128 + the signal."""

    args: list[str]
    code: int
    out: str
    err: str
    seconds: float
    hung: bool = False

    @property
    def crashed(self) -> bool:
        """A panic, an abort or a fault in memory."""
        return self.code in (101, 132, 134, 135, 136, 139, -4, -6, -7, -8, -11) or "panicked at" in self.err

    def json(self) -> dict[str, Any]:
        try:
            found = json.loads(self.out)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def short(self) -> str:
        return f"exit {self.code}: {(self.err.strip() or self.out.strip())[-400:]}"


class Program:
    """The binary under attack, with a home of its own and nothing of this machine's settings."""

    def __init__(self, binary: Path, home: Path, older: Program | None = None) -> None:
        """`older` reads the warehouses that were not brought forward yet."""
        self.binary, self.home, self.older = binary.resolve(), home, older
        home.mkdir(parents=True, exist_ok=True)
        self.tracer = home / "tracer"

    def build_tracer(self) -> None:
        command = ["cc", "-O2", "-Wall", "-Wextra", "-o", str(self.tracer), str(HERE / "tracer.c")]
        subprocess.run(command, check=True)

    def environment(self) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH") if key in os.environ}
        return kept | {"HOME": str(self.home), "LC_ALL": "C.UTF-8", "RUST_BACKTRACE": "0"}

    def start(self, args: Sequence[str], before: Sequence[str] = (), **options: Any) -> subprocess.Popen[bytes]:
        """Begins a run without waiting for it, in a session of its own so that its children can be ended with it."""
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("cwd", self.home)
        command = [*before, str(self.binary), *args]
        return subprocess.Popen(command, env=self.environment(), start_new_session=True, **options)

    def run(self, *args: str, before: Sequence[str] = (), seconds: float = HANG_SECONDS, **options: Any) -> Result:
        began = time.monotonic()
        process = self.start(args, before, **options)
        return wait(process, [*before, "sparkify", *args], began, seconds)

    def traced(self, under: Sequence[Path], orders: Sequence[str], *args: str, **options: Any) -> tuple[Result, dict[str, int]]:
        """Runs under the tracer; says besides how many events it saw and what it did to them."""
        summary = self.home / f"summary-{threading.get_ident()}.json"
        folders = [part for folder in under for part in ("--under", str(folder))]
        before = [str(self.tracer), *folders, "--summary", str(summary), *orders, "--"]
        result = self.run(*args, before=before, **options)
        seen = json.loads(summary.read_text()) if summary.exists() else {}
        summary.unlink(missing_ok=True)
        return result, seen


def wait(process: subprocess.Popen[bytes], args: list[str], began: float, seconds: float = HANG_SECONDS) -> Result:
    """The end of a run; after `seconds` it is ended by force and counts as hung."""
    hung = False
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        hung = True
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
    texts = [(part or b"").decode("utf-8", "replace") for part in (out, err)]
    return Result(args, process.returncode, texts[0], texts[1], time.monotonic() - began, hung)


def copy_tree(source: Path | None, target: Path) -> None:
    """Makes `target` a copy of `source`, or an empty folder."""
    shutil.rmtree(target, ignore_errors=True)
    if source is None:
        target.mkdir(parents=True)
    else:
        shutil.copytree(source, target, symlinks=True)
