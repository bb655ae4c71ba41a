#!/usr/bin/env bash
# In DuckDB's VARIANT the JSON numbers 200 and 200.0 are two values, and a null in JSON is the same as an absent key.
#
# Guess: `status = 200` finds 200 and 200.0, as it does for numbers everywhere else in SQL, and they form one group.
# A JSON null stays apart from an absent key, as in DuckDB's JSON type.
# Names of fields ignore case, as in a STRUCT.
#
# What happens: `= 200` finds one row of three; only a cast to bigint puts 200, 200.0 and "200" together.
# 200 and 200.0 are two groups and do not join.
# `is null` is true for a JSON null; JSON's `->` keeps the two apart.
# A field is found by its exact case only, and otherwise gives NULL without an error.
# An integer of 23 digits keeps its digits as JSON and loses them as VARIANT.
#
# Version: DuckDB 2.0.0, Python package.
#
# Why it matters: public samples of eventsim's logs hold `registration` as 1540919166796.0, other producers write
# 1540919166796. Counts by such a field split silently. Cast a field of a VARIANT before you compare, group or join.
#
# Where from: DuckDB's page on the type (duckdb.org/docs/2.0/sql/data_types/variant.html) says that every value carries its
# own type. It does not say what that means for comparisons.
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
con.execute("""
    create table events as select line.text as as_json, line.text::variant as as_variant
    from (values
        ('{"status": 200}'::json), ('{"status": 200.0}'::json), ('{"status": "200"}'::json),
        ('{"status": null}'::json), ('{}'::json)) as line(text)
""")


def ask(sql):
    return con.execute(sql).fetchall()


print("types:", [row[0] for row in ask("select variant_typeof(as_variant.status) from events")])
print("rows with status = 200:", ask("select count(*) from events where as_variant.status = 200")[0][0])
print("groups by status:", sorted(map(str, ask("select as_variant.status, count(*) from events group by all"))))
print("groups by status as bigint:",
      sorted(map(str, ask("select as_variant.status::bigint, count(*) from events group by all"))))
print("pairs that join on status:", ask("""
    select count(*) from events as a inner join events as b on a.as_variant.status = b.as_variant.status""")[0][0])
print("null and absent, variant:", ask("select count(*) from events where as_variant.status is null")[0][0])
print("null and absent, json ->:", ask("select count(*) from events where (as_json -> 'status') is null")[0][0])
print("of another case, struct:", ask("select ({'userId': 39}).userid")[0][0])
print("of another case, variant:", ask("""select ('{"userId": 39}'::json::variant).userid""")[0][0])
print("23 digits, json and variant:", *ask("""
    select line ->> 'n', (line::variant).n::varchar
    from (values ('{"n": 12345678901234567890123}'::json)) as t(line)""")[0])
PROGRAM
cat > expected <<'EXPECTED'
types: ['UINT64', 'DOUBLE', 'VARCHAR', 'VARIANT_NULL', 'VARIANT_NULL']
rows with status = 200: 1
groups by status: ["('200', 1)", '(200, 1)', '(200.0, 1)', '(None, 2)']
groups by status as bigint: ['(200, 3)', '(None, 2)']
pairs that join on status: 3
null and absent, variant: 2
null and absent, json ->: 1
of another case, struct: 39
of another case, variant: None
23 digits, json and variant: 12345678901234567890123 1.2345678901234568e+22
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
