#!/usr/bin/env bash
# deltalake appends 5.9 to a whole-number column as 5, but refuses to shorten a decimal.
#
# Guess: an append whose types do not fit is refused, as the library does elsewhere with a SchemaMismatchError.
# If it is cast, then it is rounded.
#
# What happens: a column of doubles is cut off towards zero: 5.9 becomes 5 and -5.9 becomes -5.
# Truth values become 1. A text "5.9" is refused, and so is a decimal with a digit too many.
# DuckDB's insert rounds all of them: 6, -6, 6 and 5.3.
#
# Versions: deltalake 1.6.6, DuckDB 2.0.0, pyarrow 26.0.1, Python packages.
#
# Why it matters: the first day of a log holds whole seconds, so the table gets a long; the next day's fractions are cut off
# silently. Create the table with its types, and compare the types before an append.
#
# Where from: no page that says so was found.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    deltalake==1.6.6 duckdb==2.0.0 pyarrow==26.0.1

cat > program.py <<'PROGRAM'
from decimal import Decimal

import deltalake
import duckdb
import pyarrow

APPENDS = [
    ("5.9 to a long", pyarrow.int64(), "bigint", pyarrow.array([5.9])),
    ("-5.9 to a long", pyarrow.int64(), "bigint", pyarrow.array([-5.9])),
    ("true to a long", pyarrow.int64(), "bigint", pyarrow.array([True])),
    ("text 5.9 to a long", pyarrow.int64(), "bigint", pyarrow.array(["5.9"])),
    ("5.25 to a decimal(10, 1)", pyarrow.decimal128(10, 1), "decimal(10, 1)",
     pyarrow.array([Decimal("5.25")], pyarrow.decimal128(10, 2))),
]
con = duckdb.connect()


def delta(name, kind, sql_kind, added):
    deltalake.write_deltalake(name, pyarrow.table({"v": pyarrow.array([], kind)}))
    deltalake.write_deltalake(name, pyarrow.table({"v": added}), mode="append")
    return deltalake.DeltaTable(name).to_pyarrow_table()["v"][0].as_py()


def in_duckdb(name, kind, sql_kind, added):
    more = pyarrow.table({"v": added})
    con.execute(f"create table {name} (v {sql_kind})")
    con.execute(f"insert into {name} select v from more")
    return con.execute(f"select v from {name}").fetchall()[0][0]


for number, (what, *kinds) in enumerate(APPENDS):
    for library, write in [("deltalake", delta), ("duckdb", in_duckdb)]:
        try:
            print(f"{what}, {library}: {write(f't{number}', *kinds)}")
        except Exception as error:
            print(f"{what}, {library}: refused, {str(error).splitlines()[0]}")
PROGRAM
cat > expected <<'EXPECTED'
5.9 to a long, deltalake: 5
5.9 to a long, duckdb: 6
-5.9 to a long, deltalake: -5
-5.9 to a long, duckdb: -6
true to a long, deltalake: 1
true to a long, duckdb: 1
text 5.9 to a long, deltalake: refused, Cast error: Cannot cast string '5.9' to value of Int64 type
text 5.9 to a long, duckdb: 6
5.25 to a decimal(10, 1), deltalake: refused, Cannot cast field v from Decimal128(10, 2) to Decimal128(10, 1)
5.25 to a decimal(10, 1), duckdb: 5.3
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
