"""A PostgreSQL server of the attack's own, whose databases are copied from templates and thrown away."""

from __future__ import annotations

import glob
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any


def as_owner() -> dict[str, Any]:
    """initdb and the server refuse to run as root."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = "postgres" if "postgres" in names else "nobody"
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def find(program: str) -> str:
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{program}"))
    path = found[-1] if found else shutil.which(program)
    if not path:
        raise SystemExit(f"attack: {program} is not there; install PostgreSQL, or name a server with --postgres URL")
    return path


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Server:
    """A running server: one that was started here, or the one that a URL names (its databases must be ours to make)."""

    def __init__(self, base: str, process: subprocess.Popen[bytes] | None = None, folder: Path | None = None) -> None:
        self.base, self.process, self.folder, self.numbers = base, process, folder, itertools.count(1)

    @classmethod
    def start(cls, folder: Path) -> Server:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        owner = as_owner()
        for parent in [folder, *folder.parents]:
            if owner and not os.stat(parent).st_mode & 0o001:
                os.chmod(parent, os.stat(parent).st_mode | 0o011)
        if owner:
            os.chown(folder, pwd.getpwnam(owner["user"]).pw_uid, owner["group"])
        data, port = folder / "data", free_port()
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/", **owner}
        initdb = [find("initdb"), "-D", str(data), "-U", "attack", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(initdb, check=True, **quiet)
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder), "fsync": "off",
                    "max_wal_size": "256MB", "shared_buffers": "64MB", "autovacuum": "off"}  # fmt: skip
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        process = subprocess.Popen([find("postgres"), "-D", str(data), *options], **quiet)
        server = cls(f"postgres://attack@127.0.0.1:{port}/", process, folder)
        server.await_answer()
        return server

    def await_answer(self) -> None:
        for _ in range(150):
            if self.try_sql("postgres", "select 1").returncode == 0:
                return
            time.sleep(0.2)
        raise SystemExit("attack: the PostgreSQL server does not answer")

    def url(self, database: str) -> str:
        return self.base + database

    def try_sql(self, database: str, text: str) -> subprocess.CompletedProcess[str]:
        command = [find("psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", text, self.url(database)]
        return subprocess.run(command, capture_output=True, text=True, cwd="/")

    def sql(self, database: str, text: str) -> str:
        result = self.try_sql(database, text)
        if result.returncode:
            raise SystemExit(f"attack: PostgreSQL refuses {text!r}: {result.stderr.strip()}")
        return result.stdout

    def new_database(self, template: str = "template0") -> str:
        """Makes a database, empty or a copy of another, and returns its name."""
        name = f"attack_{os.getpid()}_{next(self.numbers)}"
        self.close_others(template)
        self.sql("postgres", f'create database "{name}" template "{template}"')
        return name

    def drop(self, database: str) -> None:
        self.sql("postgres", f'drop database if exists "{database}" with (force)')

    def close_others(self, database: str) -> None:
        """A template can only be copied when nobody is connected to it."""
        self.sql("postgres", f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'")

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=30)
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
