#!/usr/bin/env bash
# Two ids that DuckDB reads from JSON become one in the Parquet file that it writes, and pyarrow cannot read polars' file.
#
# Guess: whole numbers between 2^63 and 2^64 are read as unsigned 64-bit numbers, for which Parquet has a type.
# So ids stay apart on the way from JSON to Parquet and back, in both tools.
#
# What happens: DuckDB reads such ids as HUGEINT and writes HUGEINT as a double: two ids of a file are one afterwards.
# polars reads them as Int128 and writes 16 bytes: pyarrow refuses the file, and DuckDB reads a BLOB.
# With the type given as ubigint all readers agree.
#
# Versions: DuckDB 2.0.0, polars 2.1.0, pyarrow 26.0.1, Python packages.
#
# Why it matters: ids that are unsigned 64-bit hashes are that large half of the time, and no error is raised.
# Sums of whole numbers are HUGEINT in DuckDB as well. Give the type when reading, and cast sums to bigint.
#
# Where from: extension/parquet/parquet_writer.cpp of DuckDB 2.0.0 maps HUGEINT and UHUGEINT to DOUBLE.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    duckdb==2.0.0 polars==2.1.0 pyarrow==26.0.1

cat > program.py <<'PROGRAM'
import duckdb
import polars
import pyarrow
import pyarrow.parquet

with open("ids.json", "w") as file:
    file.write('{"id": 9223372036854775809}\n{"id": 9223372036854775810}\n')
con = duckdb.connect()


def ask(sql):
    return con.execute(sql).fetchall()


def show(name):
    try:
        print("  in the file:", pyarrow.parquet.read_table(name).schema.field("id").type)
    except pyarrow.ArrowNotImplementedError as error:
        print("  in the file: refused by pyarrow,", error)
    print("  read by duckdb, ids:", *ask(f"select any_value(typeof(id)), count(distinct id) from '{name}'")[0])
    frame = polars.read_parquet(name)
    print("  read by polars, ids:", frame["id"].dtype, frame["id"].n_unique())


print("duckdb:", *ask("select any_value(typeof(id)), count(distinct id) from 'ids.json'")[0])
con.execute("copy (from 'ids.json') to 'duckdb.parquet'")
show("duckdb.parquet")
print("duckdb, type given")
con.execute("copy (from read_json('ids.json', columns = {id: 'ubigint'})) to 'typed.parquet'")
show("typed.parquet")
frame = polars.read_ndjson("ids.json")
print("polars:", frame["id"].dtype, frame["id"].n_unique())
frame.write_parquet("polars.parquet")
show("polars.parquet")
PROGRAM
cat > expected <<'EXPECTED'
duckdb: HUGEINT 2
  in the file: double
  read by duckdb, ids: DOUBLE 1
  read by polars, ids: Float64 1
duckdb, type given
  in the file: uint64
  read by duckdb, ids: UBIGINT 2
  read by polars, ids: UInt64 2
polars: Int128 2
  in the file: refused by pyarrow, Integers with more than 64 bits not implemented
  read by duckdb, ids: BLOB 2
  read by polars, ids: Int128 2
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
