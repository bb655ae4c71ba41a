#!/usr/bin/env bash
# sqlglot leaves Redshift's division of whole numbers as it is, and DuckDB gives fractions, unless both sides are casts.
#
# Guess: sqlglot knows that `/` divides whole numbers in Redshift and fractions in DuckDB, and writes `//` for it, at least
# for literals. In doubt it warns.
#
# What happens: `7 / 2` stays `7 / 2` and DuckDB answers 3.5; `plays / users` stays too. There is no warning.
# With a cast on both sides it is translated, and the answer is 3.
# The usual way to turn epoch milliseconds into a timestamp gives whole seconds in Redshift and keeps the fraction in DuckDB.
# The other way round a cast to double is added, so translating there and back changes the query.
#
# Versions: sqlglot 30.30.0, DuckDB 2.0.0, Python packages.
#
# Why it matters: queries that are tested on DuckDB in translation and then run on Redshift disagree in every ratio.
# Write the cast or the rounding into the query itself.
#
# Where from: div_sql in sqlglot/generator.py of 30.30.0 looks for operands whose type is known, and
# sqlglot/dialects/postgres.py, which Redshift's dialect builds on, declares that division depends on types.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    sqlglot==30.30.0 duckdb==2.0.0

cat > program.py <<'PROGRAM'
import duckdb
import sqlglot

con = duckdb.connect()
con.execute("create table plays as select 7 as plays, 2 as users, 1541105830796 as ts")
for sql in [
    "select 7 / 2",
    "select plays / users from plays",
    "select plays::int / users::int from plays",
    "select timestamp 'epoch' + ts / 1000 * interval '1 second' from plays",
]:
    translated = sqlglot.transpile(sql, read="redshift", write="duckdb")[0]
    print("redshift:", sql)
    print("  duckdb:", translated)
    print("  answer:", con.execute(translated).fetchall()[0][0])
back = sqlglot.transpile("select plays / users from plays", read="duckdb", write="redshift")[0]
print("the other way, from duckdb to redshift:", back)
PROGRAM
cat > expected <<'EXPECTED'
redshift: select 7 / 2
  duckdb: SELECT 7 / 2
  answer: 3.5
redshift: select plays / users from plays
  duckdb: SELECT plays / users FROM plays
  answer: 3.5
redshift: select plays::int / users::int from plays
  duckdb: SELECT CAST(TRUNC(CAST(plays AS INT) / CAST(users AS INT)) AS BIGINT) FROM plays
  answer: 3
redshift: select timestamp 'epoch' + ts / 1000 * interval '1 second' from plays
  duckdb: SELECT CAST('epoch' AS TIMESTAMP) + ts / 1000 * INTERVAL '1' SECOND FROM plays
  answer: 2018-11-01 20:57:10.796000
the other way, from duckdb to redshift: SELECT CAST(plays AS DOUBLE PRECISION) / users FROM plays
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
