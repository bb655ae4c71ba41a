#!/usr/bin/env bash
# A database file that cannot be looked at for a moment is opened as a new, empty database, and overwritten.
#
# Guess: DuckDB creates a database where there is no file. Where the file system answers a look with an I/O error, as a
# network share does that is away for a moment, connecting fails with that error.
#
# What happens: any error of stat() counts as "no file". DuckDB then opens the file that is there after all, removes the
# write-ahead log beside it and writes the headers of a new database over the old ones. Connecting succeeds without a word,
# and all tables are gone. Opened read-only, the same database is read as always.
#
# Versions: DuckDB 2.0.0 and 1.5.6, Python packages.
#
# Why it matters: one failed system call at the wrong moment costs the whole database. Blocks of data stay in the file, so
# that a copy of its first 12 KiB and of the log is enough to undo it; keep both before you open a file to write.
#
# Where from: SingleFileStorageManager::LoadDatabase and LocalFileSystem::FileExists in DuckDB's sources.
# Needs Linux and a C compiler, for a library that has a chosen stat() fail.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
cat > failing.c <<'LIBRARY'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int fails(const char *path) {
    static int looks;
    const char *which = getenv("FAILS"), *file = getenv("FILE_OF");
    if (!which || !file || !path || strcmp(path, file) || ++looks != atoi(which)) return 0;
    errno = EIO;
    return 1;
}

/* Programs that were built for glibc before 2.33 call the second. */
int stat(const char *path, struct stat *found) {
    static int (*real)(const char *, struct stat *);
    if (!real) real = dlsym(RTLD_NEXT, "stat");
    return fails(path) ? -1 : real(path, found);
}
int __xstat(int version, const char *path, struct stat *found) {
    static int (*real)(int, const char *, struct stat *);
    if (!real) real = dlsym(RTLD_NEXT, "__xstat");
    return fails(path) ? -1 : real(version, path, found);
}
LIBRARY
cc -shared -fPIC -o failing.so failing.c -ldl
cat > program.py <<'PROGRAM'
import os
import shutil
import subprocess
import sys

import duckdb

if len(sys.argv) > 1:
    con = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read-only")
    print(con.execute("select count(*) from duckdb_tables()").fetchone()[0], end="")
    sys.exit()

with duckdb.connect("kept.duckdb") as con:
    con.execute("create table plays as select * from range(1000) as t(id)")
for mode in ("read-only", "read-write"):
    found = set()
    for which in range(1, 5):
        path = os.path.abspath(f"{mode}-{which}.duckdb")
        shutil.copy("kept.duckdb", path)
        surroundings = os.environ | {"LD_PRELOAD": os.path.abspath("failing.so"), "FAILS": str(which), "FILE_OF": path}
        run = subprocess.run([sys.executable, __file__, path, mode], capture_output=True, text=True, env=surroundings)
        with duckdb.connect(path, read_only=True) as con:
            left = con.execute("select count(*) from duckdb_tables()").fetchone()[0]
        found.add(f"connecting {'fails' if run.returncode else 'succeeds'}, {left} table is left")
    print(f"{mode}: {'; or '.join(sorted(found))}")
PROGRAM
cat > expected <<'EXPECTED'
read-only: connecting succeeds, 1 table is left
read-write: connecting succeeds, 0 table is left; or connecting succeeds, 1 table is left
EXPECTED
for version in 2.0.0 1.5.6; do
    python3 -m venv "venv-$version"
    "venv-$version/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "duckdb==$version"
    rm -f ./*.duckdb ./*.wal
    "venv-$version/bin/python" program.py > got
    diff expected got
done
echo OK
