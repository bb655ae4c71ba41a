#!/usr/bin/env bash
# EXECUTE of a prepared SELECT gives its rows in another order than its ORDER BY says, if preserve_insertion_order is off.
#
# Guess: preserve_insertion_order = false frees queries without ORDER BY from any order. A statement that has one is in
# order however it is run.
#
# What happens: the query itself is in order, and so is the same text with a parameter that the driver binds. PREPARE and
# EXECUTE of it hand over parts of the sorted rows as they are done. With a LIMIT the order is kept.
#
# Versions: DuckDB 2.0.0 and 1.5.6, Python packages.
#
# Why it matters: the option is the usual advice for loads with little memory. A report that pages through a prepared
# statement then skips and repeats rows. Turn the option on again before rows are read.
#
# Where from: no page that says so was found.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
cat > program.py <<'PROGRAM'
import duckdb

ROWS = 1_000_003
con = duckdb.connect()
con.execute("set threads = 2")


def in_order(sql, parameters=None):
    """Whether each of five runs has its rows in order."""
    runs = [con.execute(sql, parameters).fetchall() for _ in range(5)]
    return all(a <= b for rows in runs for a, b in zip(rows, rows[1:]))


for kept in ("true", "false"):
    con.execute(f"set preserve_insertion_order = {kept}")
    query = f"select (i * 7919) % {ROWS} as number from range({ROWS}) as t(i) order by number"
    con.execute(f"prepare sorted as {query}")
    con.execute(f"prepare few as {query} limit 900000")
    print(f"order kept: {kept}; query {in_order(query)}, bound {in_order(query.replace(f'range({ROWS})', 'range(?)'), [ROWS])}, "
          f"execute {in_order('execute sorted')}, execute with limit {in_order('execute few')}")
PROGRAM
cat > expected <<'EXPECTED'
order kept: true; query True, bound True, execute True, execute with limit True
order kept: false; query True, bound True, execute False, execute with limit True
EXPECTED
for version in 2.0.0 1.5.6; do
    python3 -m venv "venv-$version"
    "venv-$version/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "duckdb==$version"
    "venv-$version/bin/python" program.py > got
    diff expected got
done
echo OK
