#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets, and their dictionary but for the keys. Everything in them is invented here."""

import json
import pathlib

FOLDER = pathlib.Path(__file__).parent
EVENT = {
    "artist": "Bj\u00c3\u00b6rk", "auth": "Logged In", "firstName": "Ada", "gender": "F", "itemInSession": 3,
    "lastName": "Lov\u00e9", "length": 246.30812, "level": "paid", "location": "New York-Newark, NY-NJ-PA",
    "method": "PUT", "page": "NextSong", "registration": 1540919166796.0, "sessionId": 139,
    "song": "Ends \U0001f3b5", "status": 200, "ts": 1541106106796, "userAgent": "\"Mozilla/5.0\"", "userId": "39",
}
SONG = {
    "num_songs": 1, "artist_id": "ARD7TVE1187B99BFB1", "artist_latitude": 35.14968, "artist_longitude": None,
    "artist_location": "Memphis", "artist_name": "Casu\u00c3\u00a1l", "song_id": "SOMZWCG12A8C13C480",
    "title": "I Did It", "duration": 218.93179, "year": 0,
}
WORDS = [
    "null", "true", "false", "\\u0000", "\\ud83c\\udfb5", "\\ud83c", "\\u00c3\\u00b6", "\\\"", "\\\\", "\\/", "e+12", ".0",
    "-0.0", "1e999", "9223372036854775807", "-9223372036854775808", "1541106106796", "253402300799999", "\"NextSong\"",
    "\"\"", "\"39\"", "{}", "[]", "[[[[", "}{", "}\n{", "\r\n", ",", ":", "\u00c3\u00b6", "\u6f22",
]
RAW_WORDS = ["\\xEF\\xBB\\xBF", "\\xFF", "\\xC3", "\\xED\\xA0\\x80", "\\x00"]


def compact(value, **options):
    return json.dumps(value, separators=(",", ":"), **options)


def write(target, seeds):
    folder = FOLDER / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, seed in seeds.items():
        (folder / name).write_bytes(seed if isinstance(seed, bytes) else seed.encode())


def logs():
    own_order = {key: EVENT[key] for key in ("ts", "userId", "sessionId", "page", "itemInSession", "song", "artist", "length")}
    visitor = {"ts": 1541106106796, "userId": "", "sessionId": 7, "itemInSession": 0, "page": "Home", "auth": "Logged Out"}
    nested = {**EVENT, "context": {"a": [1, {"b": [[], {}, "x"]}, None], "ts": 5}, "tag": ["x"]}
    twice = compact(EVENT)[:-1] + ',"userId":40,"song":null,"length":"12.5"}'
    return {
        "one": compact(EVENT), "spaced": json.dumps(EVENT), "two": compact(EVENT) + "\n" + compact(own_order) + "\n",
        "utf8": compact(EVENT, ensure_ascii=False), "visitor": compact(visitor), "nested": compact(nested), "twice": twice,
        "orders": "\n".join(map(compact, (EVENT, own_order, visitor, EVENT))),
        "crlf": b"\xef\xbb\xbf" + (compact(EVENT) + "\r\n\r\n  \t\r\n" + compact(visitor) + "\r\n").encode(),
        "broken": compact(EVENT)[:100] + "\n[1,2]\n3\n" + compact({**visitor, "ts": 1.5}) + "\nnull",
        "latin1": compact(visitor).replace("Home", "Hom\u00e9").encode("latin-1"),
        "quoted": compact({**EVENT, "ts": "1541106106796", "itemInSession": "3", "status": "200", "registration": None}),
        "deep": '{"a":' + "[" * 126 + "]" * 126 + ',"ts":1,"page":"Home","sessionId":1,"itemInSession":0}',
    }


def songs():
    other = {**SONG, "song_id": "SOAAA", "year": 1984, "extra": {"a": [1]}}
    return {
        "one": compact(SONG), "pretty": json.dumps(SONG, indent=2), "two": compact(SONG) + "\n" + compact(other) + "\n",
        "joined": compact(SONG) + compact(other), "missing": compact({"song_id": "SOAAA"}),
        "broken": compact(SONG)[:80] + "\n" + compact(other) + "\nx\n" + compact(SONG),
        "bom": b"\xef\xbb\xbf" + compact(SONG, ensure_ascii=False).encode(), "range": compact({**SONG, "year": 70000}),
        "latin1": compact(SONG).replace("Memphis", "Mal\u00e9").encode("latin-1"),
    }


def dictionary():
    escape = lambda word: "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else
                                  "".join(f"\\x{b:02X}" for b in c.encode()) for c in word)
    return "".join(f'"{word}"\n' for word in [*map(escape, WORDS), *RAW_WORDS])


write("log_lines", logs())
write("song_files", songs())
(FOLDER / "json.dict").write_text(dictionary())
