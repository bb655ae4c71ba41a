#!/usr/bin/env bash
# A year-long interval is 360 days in Python when it comes from DuckDB, and 365 days when it comes from PostgreSQL.
#
# Guess: both drivers hand a `timedelta` of the same length to Python, since both engines keep months apart from days.
#
# What happens: DuckDB makes every month 30 days, so a year is 360.
# psycopg makes whole years 365 days and the months that are left 30 days each.
# So from psycopg 11 months are 330 days and 12 months are 365.
# DuckDB's own epoch() calls the year 365.25 days, while its `=` calls it equal to 360 days and not to 365.
#
# Versions: DuckDB 2.0.0, psycopg 3.3.9, Python packages.
#
# Why it matters: an age or a retention window like `interval '1 year'` that is computed in Python and compared over both
# warehouses differs by five days. Subtract times in SQL, or fetch seconds.
#
# Where from: psycopg/types/datetime.py of 3.3.9 (IntervalBinaryLoader; the text loader does the same sums).
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    duckdb==2.0.0 "psycopg[binary]==3.3.9"

cat > program.py <<'PROGRAM'
import struct

import duckdb
from psycopg.types.datetime import IntervalBinaryLoader

con = duckdb.connect()
for months in (1, 11, 12, 13):
    in_duckdb = con.execute(f"select interval '{months} months'").fetchall()[0][0]
    seconds = con.execute(f"select epoch(interval '{months} months')").fetchall()[0][0]
    # What PostgreSQL sends for an interval: microseconds, days, months.
    in_psycopg = IntervalBinaryLoader(1186).load(struct.pack("!qii", 0, 0, months))
    print(f"{months} months in Python: {in_duckdb.days} days from duckdb, {in_psycopg.days} days from psycopg;",
          f"duckdb's epoch() says {seconds / 86400} days")
for days in (360, 365):
    same = con.execute(f"select interval '1 year' = interval '{days} days'").fetchall()[0][0]
    print(f"a year equals {days} days in duckdb's SQL:", same)
PROGRAM
cat > expected <<'EXPECTED'
1 months in Python: 30 days from duckdb, 30 days from psycopg; duckdb's epoch() says 30.0 days
11 months in Python: 330 days from duckdb, 330 days from psycopg; duckdb's epoch() says 330.0 days
12 months in Python: 360 days from duckdb, 365 days from psycopg; duckdb's epoch() says 365.25 days
13 months in Python: 390 days from duckdb, 395 days from psycopg; duckdb's epoch() says 395.25 days
a year equals 360 days in duckdb's SQL: True
a year equals 365 days in duckdb's SQL: False
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
