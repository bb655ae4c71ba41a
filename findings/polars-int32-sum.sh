#!/usr/bin/env bash
# polars adds small integers in 64 bits but INTEGER columns in 32, and the sum wraps around to a negative number.
#
# Guess: the sum of a 16-bit column is 32768 and not -32768, so the sum of a 32-bit column is safe in the same way.
#
# What happens: 16-bit columns are widened first, 32-bit ones are not.
# The sum of 2147483647 and 1 is -2147483648, in a group and in polars' SQL too; no error is raised.
# The mean of the same column is right. DuckDB and pandas widen both.
#
# Versions: polars 2.1.0, DuckDB 2.0.0, pandas 3.1.1, Python packages.
#
# Why it matters: an INTEGER column of a warehouse arrives in polars as Int32.
# Milliseconds of 10,000 songs of four minutes pass its limit. Cast to Int64 before you add up.
#
# Where from: the notes on Series.sum in polars' documentation name the types that are widened: Int8, UInt8, Int16, UInt16.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    polars==2.1.0 duckdb==2.0.0 pandas==3.1.1 pyarrow==26.0.1

cat > program.py <<'PROGRAM'
import duckdb
import polars

con = duckdb.connect()
for kind, top in [("smallint", 2**15 - 1), ("integer", 2**31 - 1)]:
    plays = con.sql(f"select unnest([{top}, 1])::{kind} as ms")
    frame, table = plays.pl(), plays.df()
    print(kind)
    print("  duckdb:", con.sql("select sum(ms) from plays").fetchall()[0][0])
    print("  pandas:", table["ms"].sum(), "of", table["ms"].dtype)
    print("  polars:", frame["ms"].sum(), "of", frame["ms"].dtype)
    print("  polars, grouped:", frame.group_by(polars.lit(1)).agg(polars.col("ms").sum())["ms"][0])
    print("  polars, SQL:", frame.sql("select sum(ms) as ms from self")["ms"][0])
    print("  polars, mean:", frame["ms"].mean())
PROGRAM
cat > expected <<'EXPECTED'
smallint
  duckdb: 32768
  pandas: 32768 of int16
  polars: 32768 of Int16
  polars, grouped: 32768
  polars, SQL: 32768
  polars, mean: 16384.0
integer
  duckdb: 2147483648
  pandas: 2147483648 of int32
  polars: -2147483648 of Int32
  polars, grouped: -2147483648
  polars, SQL: -2147483648
  polars, mean: 1073741824.0
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
