#!/usr/bin/env bash
# DuckDB reads the number 2.5 into an integer column as 3 from a CSV file, and as 2 from a JSON file.
#
# Guess: the type of the column decides how a number is rounded, not the kind of the file.
# A number in quotation marks behaves as the same number without them.
#
# What happens: CSV files and casts of text round a half away from zero.
# JSON files and casts of doubles round a half to the even neighbour.
# The function round() rounds a half of a double away from zero, so round(2.5) and the cast of 2.5 differ.
# For a decimal column 1.005 becomes 1.01 from a CSV file and 1.00 from a JSON file, because a JSON number is a double first.
# With quotation marks 1.005 becomes 1.01 from JSON too, but "2.5" is refused for an integer column, where CSV takes it.
#
# Version: DuckDB 2.0.0, Python package.
#
# Why it matters: the same events exported as CSV and as JSON give other sums of seconds and of money.
# Read such a field as text, or as a double, and round it where you see it.
#
# Where from: src/include/duckdb/common/operator/numeric_cast.hpp of DuckDB 2.0.0 turns a double into an integer with
# nearbyint(); extension/json/json_functions/json_transform.cpp casts a JSON number from a double, and a text strictly.
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
for number, column in [("2.5", "integer"), ("3.5", "integer"), ("1.005", "decimal(9, 2)")]:
    with open("number.json", "w") as file:
        file.write('{"v": %s}\n' % number)
    with open("text.json", "w") as file:
        file.write('{"v": "%s"}\n' % number)
    with open("number.csv", "w") as file:
        file.write("v\n%s\n" % number)
    print(number, "as", column)
    for name, query in [
        ("csv file", f"select v from read_csv('number.csv', columns = {{v: '{column}'}})"),
        ("json file, number", f"select v from read_json('number.json', columns = {{v: '{column}'}})"),
        ("json file, text", f"select v from read_json('text.json', columns = {{v: '{column}'}})"),
        ("cast of text", f"select '{number}'::{column}"),
        ("cast of a literal", f"select {number}::{column}"),
        ("cast of a double", f"select {number}::double::{column}"),
        ("round of a double, then cast", f"select round({number}::double, {2 if 'decimal' in column else 0})::{column}"),
    ]:
        try:
            print(f"  {name}:", con.execute(query).fetchone()[0])
        except duckdb.Error as error:
            print(f"  {name}: refused,", str(error).splitlines()[0].split("line 1: ")[-1])
PROGRAM
cat > expected <<'EXPECTED'
2.5 as integer
  csv file: 3
  json file, number: 2
  json file, text: refused, Failed to cast value to numerical: "2.5"
  cast of text: 3
  cast of a literal: 3
  cast of a double: 2
  round of a double, then cast: 3
3.5 as integer
  csv file: 4
  json file, number: 4
  json file, text: refused, Failed to cast value to numerical: "3.5"
  cast of text: 4
  cast of a literal: 4
  cast of a double: 4
  round of a double, then cast: 4
1.005 as decimal(9, 2)
  csv file: 1.01
  json file, number: 1.00
  json file, text: 1.01
  cast of text: 1.01
  cast of a literal: 1.01
  cast of a double: 1.00
  round of a double, then cast: 1.00
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
