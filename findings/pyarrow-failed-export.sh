#!/usr/bin/env bash
# When the source of an export fails half way, pyarrow's writer leaves a complete, valid Parquet file with fewer rows.
#
# Guess: a Parquet file is readable only when its footer is written, and the footer comes last.
# So an export that stopped with an exception leaves no file, the old file, or one that every reader refuses.
#
# What happens: leaving the `with` block by the exception closes the writer, and closing writes the footer.
# The file of 9 rows is replaced by a valid one of 2 rows. An Arrow file's writer does the same.
# DuckDB's COPY keeps the old file as it was.
#
# Versions: pyarrow 26.0.1, DuckDB 2.0.0, Python packages.
#
# Why it matters: the process that reads the export sees a good file and counts a short day as a whole one.
# Write under another name and rename the file at the end, or compare counts.
#
# Where from: ParquetWriter.__exit__ in pyarrow/parquet/core.py of 26.0.1 closes the writer, whatever happened.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    pyarrow==26.0.1 duckdb==2.0.0

cat > program.py <<'PROGRAM'
import duckdb
import pyarrow
import pyarrow.parquet

SCHEMA = pyarrow.schema([("n", pyarrow.int64())])


class SourceFailed(Exception):
    pass


def source():
    yield pyarrow.record_batch({"n": [1, 2]})
    raise SourceFailed


def by_pyarrow(name):
    with pyarrow.parquet.ParquetWriter(name, SCHEMA) as writer:
        for batch in source():
            writer.write_batch(batch)


def by_arrow_file(name):
    with pyarrow.ipc.new_file(name, SCHEMA) as writer:
        for batch in source():
            writer.write_batch(batch)


def by_duckdb(name):
    duckdb.sql(f"copy (select n::integer as n from (values ('1'), ('x')) as t(n)) to '{name}' (format parquet)")


def rows(name):
    return pyarrow.parquet.read_table(name).num_rows


for write in (by_pyarrow, by_duckdb):
    name = f"{write.__name__}.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"n": range(9)}), name)
    try:
        write(name)
    except Exception as error:
        print(f"{write.__name__} over a file of 9 rows: {type(error).__name__}, and the file has {rows(name)} rows")
try:
    by_arrow_file("export.arrow")
except SourceFailed:
    read = pyarrow.ipc.open_file("export.arrow").read_all().num_rows
    print(f"by_arrow_file, no file before: SourceFailed, and the file has {read} rows")
PROGRAM
cat > expected <<'EXPECTED'
by_pyarrow over a file of 9 rows: SourceFailed, and the file has 2 rows
by_duckdb over a file of 9 rows: ConversionException, and the file has 9 rows
by_arrow_file, no file before: SourceFailed, and the file has 2 rows
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
