#!/usr/bin/env bash
# One number among text ids turns the whole column into JSON in DuckDB, and then only that number equals its text.
#
# Guess: a column of texts with one number in it becomes VARCHAR, as in polars, so that `userId = '39'` finds user 39.
#
# What happens: the column has the type JSON, and its texts keep their quotation marks.
# `userId = '39'` finds nothing, and `userId = 39` finds the text.
# `userId in ('39', '40')` finds only the row whose id was written as a number, and a join to a table of text ids too.
# No error is raised. Giving the type (`columns = {userId: 'varchar'}`) mends it.
#
# Versions: DuckDB 2.0.0, polars 2.1.0, pandas 3.1.1, Python packages.
#
# Why it matters: eventsim writes userId as text; one producer that writes it as a number is enough.
# All users but one then vanish from a join, and a count of rows does not show it.
#
# Where from: no page that says so was found.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    duckdb==2.0.0 polars==2.1.0 pandas==3.1.1

cat > program.py <<'PROGRAM'
import duckdb
import pandas
import polars

with open("ids.json", "w") as file:
    file.write('{"userId": "39"}\n{"userId": "41"}\n{"userId": 40}\n')
con = duckdb.connect()


def ask(sql):
    try:
        return con.execute(sql).fetchall()
    except duckdb.Error as error:
        return "refused, " + str(error).split(" when casting")[0]


print("duckdb:", ask("select userId, typeof(userId) from 'ids.json'"))
print("userId = '39':", ask("select userId from 'ids.json' where userId = '39'"))
print("userId = 39:", ask("select userId from 'ids.json' where userId = 39"))
print("userId in ('39', '40'):", ask("select userId from 'ids.json' where userId in ('39', '40')"))
print("joined to texts:", ask("""
    select log.userId from 'ids.json' as log inner join (values ('39'), ('41'), ('40')) as users(user_id)
    on log.userId = users.user_id"""))
print("with the type given:", ask("select userId from read_json('ids.json', columns = {userId: 'varchar'})"))
print("polars:", polars.read_ndjson("ids.json")["userId"].to_list())
print("pandas:", pandas.read_json("ids.json", lines=True)["userId"].to_list())
PROGRAM
cat > expected <<'EXPECTED'
duckdb: [('"39"', 'JSON'), ('"41"', 'JSON'), ('40', 'JSON')]
userId = '39': []
userId = 39: [('"39"',)]
userId in ('39', '40'): [('40',)]
joined to texts: [('40',)]
with the type given: [('39',), ('41',), ('40',)]
polars: ['39', '41', '40']
pandas: [39, 41, 40]
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
