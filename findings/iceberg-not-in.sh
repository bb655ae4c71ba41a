#!/usr/bin/env bash
# pyiceberg's `not in` finds rows without a value, once its list has two members, and deleting by it spares them.
#
# Guess: as in SQL, neither `!=` nor `not in` finds a row whose value is null, and a list of one behaves as a list of two.
# A delete removes the rows that a scan with the same condition finds.
#
# What happens: `not in ('S1')` is taken as `!= 'S1'` and leaves the null out.
# `not in ('S1', 'S9')` returns the row with the null as well.
# A delete with that condition removes the other row and keeps the one with the null, which the scan found.
#
# Versions: pyiceberg 0.12.0, pyarrow 26.0.1, DuckDB 2.0.0 for comparison, Python packages.
#
# Why it matters: a play whose song is not in the catalogue has no song_id.
# Leaving out two songs keeps all unmatched plays, leaving out one drops them.
# Say it in the condition: `song_id is not null and song_id not in (…)`.
#
# Where from: visit_not_in and visit_not_equal in pyiceberg/io/pyarrow.py of 0.12.0.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    "pyiceberg[sql-sqlite,pyarrow]==0.12.0" duckdb==2.0.0 pyarrow==26.0.1

cat > program.py <<'PROGRAM'
import duckdb
import pyarrow
from pyiceberg.catalog.sql import SqlCatalog

catalog = SqlCatalog("here", uri="sqlite:///catalog.db", warehouse="warehouse")
catalog.create_namespace("n")
plays = pyarrow.table({"song_id": ["S1", "S2", None]})
table = catalog.create_table("n.plays", schema=plays.schema)
table.append(plays)
for condition in [
    "song_id != 'S1'", "song_id not in ('S1')", "song_id not in ('S1', 'S9')", "not song_id in ('S1', 'S9')",
]:
    print(condition)
    print("  pyiceberg:", table.scan(row_filter=condition).to_arrow()["song_id"].to_pylist())
    print("  duckdb:", [row[0] for row in duckdb.sql(f"select song_id from plays where {condition}").fetchall()])
table.delete("song_id not in ('S1', 'S9')")
print("left after the delete with not in ('S1', 'S9'):", table.scan().to_arrow()["song_id"].to_pylist())
PROGRAM
cat > expected <<'EXPECTED'
song_id != 'S1'
  pyiceberg: ['S2']
  duckdb: ['S2']
song_id not in ('S1')
  pyiceberg: ['S2']
  duckdb: ['S2']
song_id not in ('S1', 'S9')
  pyiceberg: ['S2', None]
  duckdb: ['S2']
not song_id in ('S1', 'S9')
  pyiceberg: ['S2', None]
  duckdb: ['S2']
left after the delete with not in ('S1', 'S9'): ['S1', None]
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
