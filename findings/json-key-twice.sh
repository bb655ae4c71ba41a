#!/usr/bin/env bash
# DuckDB alone has three answers to a JSON object that holds a key twice.
#
# Guess: one engine has one rule, and most likely the last value wins, as in Python and in PostgreSQL's jsonb.
#
# What happens: DuckDB's `->>` gives the first value, its VARIANT the last, and read_json refuses the file.
# polars gives the first value, pandas the last, and pyarrow refuses.
#
# Versions: DuckDB 2.0.0, polars 2.1.0, pandas 3.1.1, pyarrow 26.0.1, ijson 3.6.0, Python packages.
#
# Why it matters: RFC 8259 allows such an object and leaves its meaning open. The same log then has other pages in two
# readers, and moving a column from JSON to VARIANT changes answers.
#
# Where from: RFC 8259, section 4, on names within an object.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    duckdb==2.0.0 polars==2.1.0 pandas==3.1.1 pyarrow==26.0.1 ijson==3.6.0

cat > program.py <<'PROGRAM'
import io
import json

import duckdb
import ijson
import pandas
import polars
import pyarrow.json

LINE = '{"page": "Home", "page": "NextSong"}\n'
with open("twice.json", "w") as file:
    file.write(LINE)
con = duckdb.connect()


def show(reader, answer):
    try:
        print(f"{reader}: {answer()}")
    except Exception as error:
        print(f"{reader}: refused, {str(error).splitlines()[0].split('line 1: ')[-1]}")


def ask(sql):
    return con.execute(sql).fetchall()[0][0]


show("duckdb ->>", lambda: ask("select json ->> 'page' from read_json_objects('twice.json')"))
show("duckdb variant", lambda: ask("select (json::variant).page::varchar from read_json_objects('twice.json')"))
show("duckdb read_json", lambda: ask("select page from 'twice.json'"))
show("polars", lambda: polars.read_ndjson("twice.json")["page"][0])
show("pandas", lambda: pandas.read_json("twice.json", lines=True)["page"][0])
show("pyarrow", lambda: pyarrow.json.read_json("twice.json")["page"][0])
show("python json", lambda: json.loads(LINE)["page"])
show("ijson", lambda: [value for _, value in ijson.kvitems(io.BytesIO(LINE.encode()), "")])
PROGRAM
cat > expected <<'EXPECTED'
duckdb ->>: Home
duckdb variant: NextSong
duckdb read_json: refused, Object {"page":"Home","page":"NextSong"} has duplicate key "page"
polars: Home
pandas: NextSong
pyarrow: refused, JSON parse error: Column(/page) was specified twice in row 0
python json: NextSong
ijson: ['Home', 'NextSong']
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
