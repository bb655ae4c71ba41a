#!/usr/bin/env bash
# DuckDB's PIVOT drops the rows whose key is null, and shows zeros where only such rows are left.
#
# Guess: PIVOT counts the groups that GROUP BY counts, and a null gets a column of its own, as in polars.
#
# What happens: the three rows without match_method are in no column, and Tuesday is a row of zeros.
# With the values in a list, NULL can be one of them and gets a column.
# polars has a column for null. pandas drops these rows, and Tuesday with them.
#
# Versions: DuckDB 2.0.0, polars 2.1.0, pandas 3.1.1, Python packages.
#
# Why it matters: most plays of a music log match no song of a catalogue, so most rows have a null there.
# The columns then do not add up to the number of plays. Pivot on coalesce(match_method, 'none').
#
# Where from: no page that says so was found.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    duckdb==2.0.0 polars==2.1.0 pandas==3.1.1 pyarrow==26.0.1

cat > program.py <<'PROGRAM'
import duckdb

con = duckdb.connect()
con.execute("""
    create table plays as select * from (values
        ('Mon', 'exact'), ('Mon', null), ('Mon', null), ('Tue', null)) as t(day, match_method)
""")


def ask(sql):
    found = con.execute(sql)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row)) for row in found.fetchall()]


print("duckdb, group by:", ask("select match_method, count(*) as plays from plays group by all order by all"))
print("duckdb, pivot:", ask("from (pivot plays on match_method using count(*)) order by day"))
print("duckdb, pivot in a list:",
      ask("from (pivot plays on match_method in ('exact', null) using count(*)) order by day"))
print("duckdb, pivot on coalesce:",
      ask("from (pivot plays on coalesce(match_method, 'none') using count(*) group by day) order by day"))
frame = con.sql("from plays").pl().with_columns(n=1)
print("polars:", frame.pivot(on="match_method", index="day", values="n", aggregate_function="sum").sort("day").to_dicts())
table = con.sql("from plays").df().assign(n=1)
print("pandas:", table.pivot_table(index="day", columns="match_method", values="n", aggfunc="sum").to_dict("index"))
PROGRAM
cat > expected <<'EXPECTED'
duckdb, group by: [{'match_method': 'exact', 'plays': 1}, {'match_method': None, 'plays': 3}]
duckdb, pivot: [{'day': 'Mon', 'exact': 1}, {'day': 'Tue', 'exact': 0}]
duckdb, pivot in a list: [{'day': 'Mon', 'exact': 1, 'NULL': 2}, {'day': 'Tue', 'exact': 0, 'NULL': 1}]
duckdb, pivot on coalesce: [{'day': 'Mon', 'exact': 1, 'none': 2}, {'day': 'Tue', 'exact': 0, 'none': 1}]
polars: [{'day': 'Mon', 'exact': 1, 'null': 2}, {'day': 'Tue', 'exact': 0, 'null': 1}]
pandas: {'Mon': {'exact': 1}}
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
