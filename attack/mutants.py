"""Spoils lines and files in many ways, and says of each line whether it must load, must not, or may do either."""

from __future__ import annotations

import gzip
import json
import os
import random
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

GOOD, BAD, EITHER = "good", "bad", "either"
Line = tuple[bytes, str]
Event = dict[str, Any]


def text(event: Event) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode()


def with_raw(event: Event, key: str, raw: bytes) -> bytes:
    """The line with other bytes in the place of one value."""
    return text(event | {key: "@@"}).replace(b'"@@"', raw)


# Each takes a sound event and returns a line with its verdict.
LINES: list[Callable[[random.Random, Event], Line]] = []


def line(mutator: Callable[[random.Random, Event], Line]) -> Callable[[random.Random, Event], Line]:
    LINES.append(mutator)
    return mutator


@line
def cut(rng: random.Random, event: Event) -> Line:
    body = text(event)
    return body[: rng.randrange(1, len(body) - 1)].split(b"\n")[0], BAD


@line
def a_byte_changed(rng: random.Random, event: Event) -> Line:
    body = bytearray(text(event))
    body[rng.randrange(len(body))] = rng.choice([b for b in range(256) if b not in (10, 13)])
    return bytes(body), EITHER


@line
def nested(rng: random.Random, event: Event) -> Line:
    depth = rng.choice([10, 200, 20_000, 200_000])
    opening, closing = rng.choice([(b'{"a":', b"}"), (b"[", b"]")])
    middle = b"1" if opening != b"[" else b""
    return with_raw(event | {"extra": 0}, "extra", opening * depth + middle + closing * depth), EITHER


@line
def only_brackets(rng: random.Random, event: Event) -> Line:
    return rng.choice([b"[", b"{", b'{"a":', b"[{", b'"', b"\\"]) * rng.choice([1, 3, 100_000]), BAD


@line
def huge_number(rng: random.Random, event: Event) -> Line:
    key = rng.choice(["ts", "sessionId", "itemInSession"])
    return with_raw(event, key, rng.choice([b"1e400", b"9" * 40, b"-1e99", b"1" + b"0" * 5000, b"18446744073709551616"])), BAD


@line
def odd_number(rng: random.Random, event: Event) -> Line:
    key = rng.choice(["length", "status", "registration", "ts", "userId", "sessionId", "itemInSession"])
    odd = [b"-0", b"1E3", b"007", b"+5", b"1.", b".5", b"0x10", b"1_000", b"NaN", b"-Infinity", b"1e-400", b"1.0000000000000001",
           b"9007199254740993", b"-9223372036854775808", b"2147483648", b"32768", b"1e309", b'"12"', b'" 12 "', b'"1e3"', b'"\xd9\xa3"']  # fmt: skip
    return with_raw(event, key, rng.choice(odd)), EITHER


@line
def far_time(rng: random.Random, event: Event) -> Line:
    far = [-1, 0, 1, -62_135_596_800_000, 253_402_300_799_999, 253_402_300_800_000, 9_223_372_036_854, 9_223_372_036_854_775_807]
    return text(event | {"ts": rng.choice(far)}), EITHER


@line
def raw_control(rng: random.Random, event: Event) -> Line:
    control = bytes([rng.choice([0, 1, 8, 9, 11, 12, 27, 31, 127])])
    return with_raw(event, "location", b'"Here' + control + b'There"'), EITHER


@line
def escaped_nul(rng: random.Random, event: Event) -> Line:
    return with_raw(event, "location", b'"Here\\u0000There"'), GOOD


@line
def broken_utf8(rng: random.Random, event: Event) -> Line:
    broken = [b"\xff", b"\xc3", b"\xe2\x82", b"\xf5\x80\x80\x80", b"\xc0\xaf", b"\xed\xa0\x80", b"\x80"]
    return with_raw(event, rng.choice(["location", "userAgent"]), b'"a' + rng.choice(broken) + b'b"'), BAD


@line
def lone_surrogate(rng: random.Random, event: Event) -> Line:
    lone = [b"\\ud800", b"\\udfff", b"\\udc00\\ud800", b"\\ud83d", b"\\uD83D\\u0041"]
    return with_raw(event, "location", b'"a' + rng.choice(lone) + b'b"'), EITHER


@line
def key_twice(rng: random.Random, event: Event) -> Line:
    return b'{"sessionId": 1, "level": "free", ' + text(event)[1:], GOOD


@line
def key_twice_other_type(rng: random.Random, event: Event) -> Line:
    return b'{"ts": "never", "page": {"a": [1]}, ' + text(event)[1:], EITHER


@line
def spaces(rng: random.Random, event: Event) -> Line:
    return text(event) + rng.choice([b"  ", b"\t", b" \r"]), GOOD


@line
def odd_space(rng: random.Random, event: Event) -> Line:
    return rng.choice([b"\x0b", b"\x0c", b"\xc2\xa0", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\x00"]) + text(event), EITHER


@line
def separators_inside(rng: random.Random, event: Event) -> Line:
    return text(event | {"location": "a\u2028b\u2029c\u0085d\ufeffe\u202ef"}), GOOD


@line
def escapes(rng: random.Random, event: Event) -> Line:
    return text(event).replace(b'"ts"', b'"\\u0074s"').replace(b'"page"', b'"p\\u0061ge"').replace(b"/", b"\\/"), GOOD


@line
def bad_escape(rng: random.Random, event: Event) -> Line:
    return with_raw(event, "location", rng.choice([b'"\\x41"', b'"\\u12"', b'"\\u12G4"', b'"\\', b"'single'"])), BAD


@line
def missing(rng: random.Random, event: Event) -> Line:
    gone = rng.choice(["ts", "page", "sessionId", "itemInSession"])
    changed = {k: v for k, v in event.items() if k != gone} if rng.random() < 0.5 else event | {gone: None}
    return text(changed), BAD


@line
def nobody_plays(rng: random.Random, event: Event) -> Line:
    return text(event | {"page": "NextSong", "userId": rng.choice(["", None])}), BAD


@line
def wrong_type(rng: random.Random, event: Event) -> Line:
    key = rng.choice(["ts", "sessionId", "itemInSession", "page"])
    return text(event | {key: rng.choice([{}, {"a": 1}, [1], []])}), BAD


@line
def odd_type(rng: random.Random, event: Event) -> Line:
    key = rng.choice([k for k in event if k not in ("ts", "sessionId", "itemInSession")])
    return text(event | {key: rng.choice([{}, [], True, False, 1.5, -3, "", "\u0000", "x" * 70_000])}), EITHER


@line
def unknown_keys(rng: random.Random, event: Event) -> Line:
    odd = ["", " ", "ts ", "\u0000", "constructor", "a" * 3000, "ключ", "'; drop table songplays; --", "$.a", "level\u200b"]
    return text(event | {key: rng.choice([1, None, "x", {"deep": [1]}]) for key in rng.sample(odd, 4)}), GOOD


@line
def many_keys(rng: random.Random, event: Event) -> Line:
    return text(event | {f"k{rng.random()}": n for n in range(rng.choice([50, 3000]))}), GOOD


@line
def other_values(rng: random.Random, event: Event) -> Line:
    return rng.choice([b"{}", b"null", b"123", b'"text"', b"true", b"[1]", b"nul", b"{,}", b"}{"]), BAD


@line
def trailing(rng: random.Random, event: Event) -> Line:
    ending = rng.choice([b",}", b"]", b";", b"}}", b"} x", b"}//"])
    return text(event)[:-1] + ending, EITHER if ending.startswith(b"}") else BAD


@line
def hurtful_text(rng: random.Random, event: Event) -> Line:
    hurtful = [
        "'; drop table users; --",
        "\\",
        '"',
        "\\N",
        "\t",
        "a\nb\r\nc",
        "=1+1",
        "\x1b[31m",
        "%s%n",
        "${HOME}",
        "\u202e",
        "\U000e0041",
    ]
    return text(event | {"song": rng.choice(hurtful), "artist": rng.choice(hurtful), "location": rng.choice(hurtful)}), GOOD


@line
def garbled_edges(rng: random.Random, event: Event) -> Line:
    edges = ["Ã\x83Â¶", "Ã", "\u00ff\u00fe", "Â\x80", "Ã\x83Â\x83Ã\x82Â¶", "\u0100Ã¶", "ð\x9f\x98\x80", "í\xa0\x80"]
    return text(event | {"song": rng.choice(edges), "artist": rng.choice(edges)}), GOOD


def spoil_lines(rng: random.Random, events: list[Event], share: float) -> list[Line]:
    """Lines of a file, some of them spoiled."""
    return [rng.choice(LINES)(rng, event) if rng.random() < share else (text(event), GOOD) for event in events]


@dataclass
class Spoiled:
    """What a file-level mutator made: `plain` says that its lines can still be counted as written."""

    plain: bool
    words: str


FILES: list[Callable[[random.Random, Path, bytes], Spoiled]] = []


def file(mutator: Callable[[random.Random, Path, bytes], Spoiled]) -> Callable[[random.Random, Path, bytes], Spoiled]:
    FILES.append(mutator)
    return mutator


def put(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


def zstd(body: bytes) -> bytes:
    """A zstd frame of blocks that are stored as they are."""
    parts = [body[at : at + 100_000] for at in range(0, len(body), 100_000)] or [b""]
    blocks = [struct.pack("<I", len(p) << 3 | (n == len(parts) - 1))[:3] + p for n, p in enumerate(parts)]
    return b"\x28\xb5\x2f\xfd" + b"\x00\x58" + b"".join(blocks)


@file
def as_it_is(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    put(path, body)
    return Spoiled(True, "as it is")


@file
def begins_with_bom(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    put(path, b"\xef\xbb\xbf" * rng.choice([1, 1, 2]) + body)
    return Spoiled(False, "BOM")


@file
def windows_ends(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    put(path, body.replace(b"\n", b"\r\n"))
    return Spoiled(True, "CRLF")


@file
def old_mac_ends(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    put(path, body.replace(b"\n", b"\r"))
    return Spoiled(False, "CR")


@file
def utf16(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    put(path, body.decode("utf-8", "replace").encode(rng.choice(["utf-16", "utf-16-le", "utf-32"])))
    return Spoiled(False, "UTF-16 or 32")


@file
def packed(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    kind = rng.choice(["gz", "members", "zst"])
    half = len(body) // 2
    whole = {"gz": gzip.compress(body), "members": gzip.compress(body[:half]) + gzip.compress(body[half:]), "zst": zstd(body)}[
        kind
    ]
    put(path.with_name(path.name + (".zst" if kind == "zst" else ".gz")), whole)
    return Spoiled(True, f"packed, {kind}")


@file
def packed_and_spoiled(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    whole, ending = rng.choice([(gzip.compress(body), ".gz"), (zstd(body), ".zst")])
    half = rng.randrange(len(whole))
    ways = {"cut": whole[:half], "garbage behind": whole + b"garbage", "zeros behind": whole + bytes(5000), "empty": b"",
            "a byte": whole[:half] + bytes([whole[half] ^ 0x55]) + whole[half + 1 :], "not packed": body,
            "twice packed": gzip.compress(gzip.compress(body)), "head only": whole[:6]}  # fmt: skip
    way = rng.choice(list(ways))
    put(path.with_name(path.name + ending), ways[way])
    return Spoiled(False, f"packed {ending}, {way}")


@file
def packed_without_saying(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    put(path, gzip.compress(body))
    return Spoiled(False, "gz under a plain name")


@file
def a_bomb(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    put(path.with_name(path.name + ".gz"), gzip.compress(rng.choice([b"\n", b" ", b"[", b"\x00", b"a"]) * 30_000_000))
    return Spoiled(False, "30 MB of one byte, packed")


@file
def one_array(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    put(path, b"[" + b",".join(part for part in body.split(b"\n") if part.strip()) + b"]")
    return Spoiled(False, "one array")


@file
def objects_together(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    put(path, rng.choice([b"", b" ", b","]).join(body.split(b"\n")))
    return Spoiled(False, "objects on one line")


@file
def nothing_in_it(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    put(path, rng.choice([b"", b"\n" * 5000, b"\xef\xbb\xbf", b" ", b"\x00" * 9000, b"\r"]))
    return Spoiled(False, "nothing in it")


@file
def random_bytes(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    put(path, rng.randbytes(rng.choice([1, 500, 20_000])))
    return Spoiled(False, "random bytes")


@file
def zeros_in_front(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    put(path, bytes(rng.choice([1, 4096])) + body)
    return Spoiled(False, "zeros in front")


@file
def odd_name(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    odd = [b"a b.json", b"new\nline.json", b"quo'te\".json", b"st*r?[x].json", b"%2e%2e.json", b"\xff\xfe.json", "日本.json".encode(),
           b"-rf.json", b"a;b.json", b"\xe2\x80\xae.json", b".json", b"x.JSON", b"a" * 240 + b".json", b"tab\t.json", b"back\\slash.json"]  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    name = rng.choice(odd)
    with open(os.fsencode(path.parent) + b"/" + name, "wb") as out:
        out.write(body)
    return Spoiled(False, f"named {name[:40]!r}")


@file
def folder_like_a_file(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    put(path / "inner.json", body)
    return Spoiled(True, "a folder named like a file")


@file
def links(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    path.parent.mkdir(parents=True, exist_ok=True)
    outside = path.parent.parent / "outside"
    put(outside / "real.json", body)
    targets = [outside / "real.json", outside, Path("nowhere.json"), Path(path.name), path.parent, Path("/dev/zero")]
    target = rng.choice(targets)
    path.symlink_to(target)
    return Spoiled(False, f"a link to {target.name}")


@file
def pipe_or_socket(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    path.parent.mkdir(parents=True, exist_ok=True)
    if rng.random() < 0.5 or len(str(path)) > 100:
        os.mkfifo(path)
        return Spoiled(False, "a fifo")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(path))
    return Spoiled(False, "a socket")


@file
def unreadable(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    put(path, body)
    path.chmod(0)
    return Spoiled(False, "without permissions")


@file
def long_line(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    put(
        path,
        body + b'\n{"ts": 1, "page": "' + b"x" * rng.choice([70_000, 1_000_000, 17_000_000]) + b'"}\n' + body.split(b"\n")[0],
    )
    return Spoiled(False, "a long line")


@file
def same_file_twice(rng: random.Random, path: Path, body: bytes) -> Spoiled:
    put(path, body)
    put(path.with_name("z-again-" + path.name), body)
    return Spoiled(False, "the same file twice")
