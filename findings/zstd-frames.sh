#!/usr/bin/env bash
# A Zstandard file that starts with a skippable frame is no text to polars, and python-zstandard reads one frame of two.
#
# Guess: every reader skips a skippable frame and reads frames one after another, as the zstd command does.
#
# What happens: python-zstandard's decompress() returns the lines of the first frame and drops the rest without an error.
# With a skippable frame in front it raises; polars raises as well, and says that the text is not UTF-8.
# DuckDB, pandas, pyarrow and python-zstandard's streams read both files.
#
# Versions: polars 2.1.0, python-zstandard 0.25.0, DuckDB 2.0.0, pandas 3.1.1, pyarrow 26.0.1, Python packages.
#
# Why it matters: appending a compressed batch to a log makes a file of two frames, and pzstd -p writes a skippable frame
# before each frame. Loading with decompress() loses every batch but the first.
#
# Where from: RFC 8878, section 3.1, on frames one after another and skippable frames; contrib/pzstd/README.md of
# facebook/zstd. The docstring of ZstdDecompressor.decompress does say that it stops after the first frame.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    duckdb==2.0.0 polars==2.1.0 pandas==3.1.1 pyarrow==26.0.1 zstandard==0.25.0

cat > program.py <<'PROGRAM'
import io
import struct

import duckdb
import pandas
import polars
import pyarrow.json
import zstandard

LINES = [b'{"n": 1}\n{"n": 2}\n', b'{"n": 3}\n']
compressor = zstandard.ZstdCompressor()
frames = [compressor.compress(lines) for lines in LINES]
skippable = struct.pack("<II", 0x184D2A50, 4) + struct.pack("<I", len(frames[0]))
files = {"two frames": b"".join(frames), "a skippable frame, then two": skippable + b"".join(frames)}


def show(reader, answer):
    try:
        print(f"  {reader}: {answer()} lines")
    except Exception as error:
        print(f"  {reader}: refused, {str(error).splitlines()[0]}")


def lines_of(content):
    return len(content.splitlines())


con = duckdb.connect()
for what, content in files.items():
    with open("log.json.zst", "wb") as file:
        file.write(content)
    print(what)
    stream = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(content))
    show("zstandard decompress()", lambda: lines_of(zstandard.ZstdDecompressor().decompress(content)))
    show("zstandard stream_reader()", lambda: lines_of(stream.read()))
    show("zstandard open()", lambda: lines_of(zstandard.open("log.json.zst").read()))
    show("pandas", lambda: len(pandas.read_json("log.json.zst", lines=True)))
    show("polars", lambda: polars.read_ndjson("log.json.zst").height)
    show("pyarrow", lambda: pyarrow.json.read_json("log.json.zst").num_rows)
    show("duckdb", lambda: con.execute("select count(*) from 'log.json.zst'").fetchall()[0][0])
PROGRAM
cat > expected <<'EXPECTED'
two frames
  zstandard decompress(): 2 lines
  zstandard stream_reader(): 3 lines
  zstandard open(): 3 lines
  pandas: 3 lines
  polars: 3 lines
  pyarrow: 3 lines
  duckdb: 3 lines
a skippable frame, then two
  zstandard decompress(): refused, decompression error: decompressed 0 bytes; expected 4
  zstandard stream_reader(): 3 lines
  zstandard open(): 3 lines
  pandas: 3 lines
  polars: refused, stream did not contain valid UTF-8 at line 0
  pyarrow: 3 lines
  duckdb: 3 lines
EXPECTED
venv/bin/python program.py > got
diff expected got
echo OK
