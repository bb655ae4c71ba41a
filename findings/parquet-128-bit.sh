#!/usr/bin/env bash
# A sum of whole numbers leaves DuckDB for Parquet as a double, and polars' whole numbers of that size come back as bytes.
#
# Guess: a sum of bigints is a whole number in the Parquet file, as a decimal(38, 0) if need be, since that is how DuckDB
# hands it to Arrow. Both tools have a 128-bit integer, so they understand each other's files.
#
# What happens: `sum` of a bigint is a HUGEINT, which DuckDB writes into Parquet as a double.
# The sum here differs by one afterwards. pandas gets a float64, Arrow a decimal.
# polars writes an Int128 as 16 bytes: DuckDB reads a BLOB, and pyarrow refuses the file.
#
# Versions: DuckDB 2.0.0, polars 2.1.0, pyarrow 26.0.1, pandas 3.1.1, Python packages.
#
# Why it matters: sums of epoch milliseconds pass 2^53 after 6,000 events. Cast sums to bigint or decimal(38, 0) before they
# leave.
#
# Where from: extension/parquet/parquet_writer.cpp of DuckDB 2.0.0 maps HUGEINT and UHUGEINT to DOUBLE.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    duckdb==2.0.0 polars==2.1.0 pyarrow==26.0.1 pandas==3.1.1

cat > program.py <<'PROGRAM'
import duckdb
import polars
import pyarrow.parquet

con = duckdb.connect()
con.execute("create table plays as select 1541105830797::bigint as ts from range(20001)")
total = con.execute("select sum(ts) from plays").fetchall()[0][0]
print("sum in duckdb:", total, con.execute("select typeof(sum(ts)) from plays").fetchall()[0][0])
con.execute("copy (select sum(ts) as total from plays) to 'duckdb.parquet'")
print("duckdb's file, type:", pyarrow.parquet.read_schema("duckdb.parquet").field("total").type)
print("duckdb's file, read by duckdb:", int(con.execute("select total from 'duckdb.parquet'").fetchall()[0][0]))
print("duckdb's file, read by polars:", int(polars.read_parquet("duckdb.parquet")["total"][0]))
print("handed to pandas:", con.sql("select sum(ts) as total from plays").df()["total"].dtype)
print("handed to arrow:", con.sql("select sum(ts) as total from plays").to_arrow_table().schema.field("total").type)
polars.DataFrame({"total": [total]}, schema={"total": polars.Int128}).write_parquet("polars.parquet")
try:
    print("polars' file, read by pyarrow:", pyarrow.parquet.read_table("polars.parquet"))
except pyarrow.ArrowNotImplementedError as error:
    print("polars' file, read by pyarrow: refused,", error)
print("polars' file, read by duckdb:",
      con.execute("select typeof(total), octet_length(total) from 'polars.parquet'").fetchall()[0])
print("polars' file, read by polars:", polars.read_parquet("polars.parquet")["total"].dtype)
PROGRAM
cat > expected <<'EXPECTED'
sum in duckdb: 30823657721770797 HUGEINT
duckdb's file, type: double
duckdb's file, read by duckdb: 30823657721770796
duckdb's file, read by polars: 30823657721770796
handed to pandas: float64
handed to arrow: decimal128(38, 0)
polars' file, read by pyarrow: refused, Integers with more than 64 bits not implemented
polars' file, read by duckdb: ('BLOB', 16)
polars' file, read by polars: Int128
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
