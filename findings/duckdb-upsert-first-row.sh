#!/usr/bin/env bash
# DuckDB's upsert takes the first row of a key that its statement brings, and never sees the others.
#
# Guess: rows of one key are taken one after another, so the last one is left.
# Or the statement fails, as in PostgreSQL: a row cannot be changed twice by one command.
#
# What happens: of the values 1, 3 and 2 of one key the table keeps 1, without a word.
# `insert or replace` keeps 1 as well.
# `set seen = greatest(users.seen, excluded.seen)` keeps 1, where one row after another would give 3.
# `set seen = users.seen + excluded.seen` adds 1 only.
# A statement for every row gives what one expects.
#
# Version: DuckDB 2.0.0, Python package.
#
# Why it matters: a day's log holds a user many times, and the latest `level` is wanted.
# One upsert of the whole day keeps an arbitrary old one, and sums count one row of many.
# Choose the row first: `qualify row_number() over (partition by user_id order by ts desc) = 1`.
#
# Where from: DuckDB turns such an insert into a MERGE whose source is a SELECT DISTINCT ON the key's columns
# (src/planner/binder/statement/bind_insert.cpp of 2.0.0). Repeated keys used to be an error; duckdb/duckdb pull request
# 14293 lifted that.
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


def upsert(conflict, before=None):
    con.execute("create or replace table users (user_id integer primary key, seen integer)")
    if before is not None:
        con.execute("insert into users values (1, ?)", [before])
    con.execute(f"insert into users values (1, 1), (1, 3), (1, 2) {conflict}")
    return con.execute("select seen from users").fetchall()


print("rows 1, 3, 2 of one key, set to the new value:", upsert("on conflict do update set seen = excluded.seen"))
print("the same, onto a row that is there:", upsert("on conflict do update set seen = excluded.seen", before=0))
print("the greater of old and new:",
      upsert("on conflict do update set seen = greatest(users.seen, excluded.seen)", before=0))
print("only where the new one is greater:",
      upsert("on conflict do update set seen = excluded.seen where excluded.seen > users.seen", before=0))
print("old plus new:", upsert("on conflict do update set seen = users.seen + excluded.seen", before=100))
con.execute("create or replace table users (user_id integer primary key, seen integer)")
con.execute("insert or replace into users values (1, 1), (1, 3), (1, 2)")
print("insert or replace:", con.execute("select seen from users").fetchall())
con.execute("create or replace table users (user_id integer primary key, seen integer)")
for seen in (1, 3, 2):
    con.execute("insert or replace into users values (1, ?)", [seen])
print("insert or replace, a statement a row:", con.execute("select seen from users").fetchall())
PROGRAM
cat > expected <<'EXPECTED'
rows 1, 3, 2 of one key, set to the new value: [(1,)]
the same, onto a row that is there: [(1,)]
the greater of old and new: [(1,)]
only where the new one is greater: [(1,)]
old plus new: [(101,)]
insert or replace: [(1,)]
insert or replace, a statement a row: [(2,)]
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
