#!/usr/bin/env bash
# After fetchone() of a result of one row, DuckDB 2's sql() refuses to run on the connection, while execute() runs.
#
# Guess: a result of one row of which one row was fetched is finished. If it were open, all methods would treat it alike.
#
# What happens: the result stays open until a fetch returns nothing.
# execute() drops it silently; sql() raises a ResourceInUseException.
# fetchall(), a second fetchone(), abort() or a cursor of its own avoids it.
#
# Version: DuckDB 2.0.0, Python package. Results are streamed since this version.
#
# Why it matters: `con.execute("select count(*) …").fetchone()[0]` is how scripts and notebooks ask for one number.
# The next `con.sql(…)` then fails, far from the cause.
#
# Where from: the release notes of duckdb-python v2.0.0 say that an open result owns the connection until it is done.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    duckdb==2.0.0

cat > program.py <<'PROGRAM'
import duckdb

con = duckdb.connect()


def attempt(what, call):
    try:
        print(f"  {what}: {call()}")
    except duckdb.Error as error:
        print(f"  {what}: {type(error).__name__}")


for what, fetch in [
    ("fetchone() of a result of one row", lambda: con.execute("select count(*) from range(5)").fetchone()),
    ("fetchall() of the same", lambda: con.execute("select count(*) from range(5)").fetchall()),
    ("fetchone() twice", lambda: [con.execute("select count(*) from range(5)").fetchone(), con.fetchone()]),
]:
    print(what, fetch())
    attempt("then execute()", lambda: con.execute("select 7").fetchall())
    fetch()
    attempt("then sql()", lambda: con.sql("select 7").fetchall())
    con.abort()
    fetch()
    attempt("then sql() on a cursor", lambda: con.cursor().sql("select 7").fetchall())
    con.abort()
PROGRAM
cat > expected <<'EXPECTED'
fetchone() of a result of one row (5,)
  then execute(): [(7,)]
  then sql(): ResourceInUseException
  then sql() on a cursor: [(7,)]
fetchall() of the same [(5,)]
  then execute(): [(7,)]
  then sql(): [(7,)]
  then sql() on a cursor: [(7,)]
fetchone() twice [(5,), None]
  then execute(): [(7,)]
  then sql(): [(7,)]
  then sql() on a cursor: [(7,)]
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
