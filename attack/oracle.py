"""Reads sources by the contract in plain Python and says what the tables of the star must hold."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Iterable

Row = tuple[Any, ...]
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
REQUIRED = ["ts", "page", "sessionId", "itemInSession"]


@dataclass
class Expected:
    """Counts of the lines, and the rows of each table as sorted lists."""

    lines: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    tables: dict[str, list[Row]] = field(default_factory=dict)


@dataclass
class Event:
    key: tuple[Any, ...]
    order: tuple[int, int, int]
    user: int | None
    raw: dict[str, Any]


def repaired(text: str | None) -> str | None:
    """Undoes UTF-8 that was read as Latin-1, at most three times."""
    for _ in range(3):
        if text is None or all(ord(c) < 0x80 for c in text) or any(ord(c) > 0xFF for c in text):
            return text
        try:
            text = text.encode("latin-1").decode("utf-8")
        except UnicodeDecodeError:
            return text
    return text


def moment(milliseconds: float | None) -> str | None:
    """An instant as `2026-03-01T12:00:00.123`."""
    if milliseconds is None:
        return None
    at = EPOCH + timedelta(milliseconds=int(milliseconds))
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}"


def lines_of(path: Path) -> Iterable[bytes]:
    body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if body.startswith(b"\xef\xbb\xbf"):
        body = body[3:]
    return (line for line in body.split(b"\n") if line.strip())


def whole(value: Any) -> int | None:
    return None if value in (None, "") else int(value)


def decode(line: bytes) -> Event | None:
    """The event of a line, or nothing if the line is to be rejected."""
    try:
        raw = json.loads(line.decode("utf-8"))
        if any(raw.get(key) is None for key in REQUIRED):
            return None
        user, ts = whole(raw.get("userId")), int(raw["ts"])
        order = (ts, int(raw["sessionId"]), int(raw["itemInSession"]))
    except (ValueError, AttributeError, TypeError):
        return None
    if raw["page"] == "NextSong" and user is None:
        return None
    return Event((user, order[1], order[2], ts), order, user, raw)


def agent_of(raw: dict[str, Any]) -> str | None:
    agent = raw.get("userAgent")
    if agent and len(agent) >= 2 and agent[0] == agent[-1] == '"':
        return str(agent[1:-1])
    return agent


class Catalogue:
    """The songs by what the files say; of a song told twice the file whose name comes last counts."""

    def __init__(self, files: Iterable[Path]) -> None:
        self.songs: dict[str, dict[str, Any]] = {}
        for path in sorted(files):
            record = json.loads(path.read_text(encoding="utf-8"))
            self.songs[record["song_id"]] = record
        self.by_name: dict[tuple[str | None, str | None], list[dict[str, Any]]] = defaultdict(list)
        for song in self.songs.values():
            self.by_name[(repaired(song["title"]), repaired(song["artist_name"]))].append(song)

    def match(self, raw: dict[str, Any]) -> tuple[str | None, str | None, str | None]:
        """song_id, artist_id and match_method of a play."""
        names, length = (raw.get("song"), raw.get("artist")), raw.get("length")

        def rank(song: dict[str, Any]) -> tuple[Any, ...]:
            inexact = (song["title"], song["artist_name"]) != names
            return inexact, abs(song["duration"] - length) if length is not None else 0.0, song["song_id"]

        found = sorted(self.by_name.get((repaired(names[0]), repaired(names[1])), []), key=rank)
        if not found or None in names:
            return None, None, None
        return found[0]["song_id"], found[0]["artist_id"], "repaired" if rank(found[0])[0] else "exact"

    def song_rows(self) -> list[Row]:
        return [
            (s["song_id"], repaired(s["title"]), s["artist_id"], s["year"] or None, s["duration"], repaired(s["artist_name"]))
            for s in self.songs.values()
        ]

    def artist_rows(self) -> list[Row]:
        by_artist: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for song in self.songs.values():
            by_artist[song["artist_id"]].append(song)
        return [self.artist_row(artist_id, songs) for artist_id, songs in by_artist.items()]

    @staticmethod
    def artist_row(artist_id: str, songs: list[dict[str, Any]]) -> Row:
        credits = Counter(repaired(song["artist_name"]) or "" for song in songs)
        name = min(credits, key=lambda text: (-credits[text], len(text), text.encode()))
        places = ["artist_location", "artist_latitude", "artist_longitude"]
        best = min(songs, key=lambda song: (-sum(song[p] not in (None, "") for p in places), song["song_id"]))
        return artist_id, name, best["artist_location"] or None, best["artist_latitude"], best["artist_longitude"]


def play_row(event: Event, catalogue: Catalogue) -> Row:
    raw = event.raw
    song_id, artist_id, method = catalogue.match(raw)
    return (
        moment(event.order[0]), event.user, raw.get("level"), song_id, artist_id, event.order[1], raw.get("location"),
        agent_of(raw), event.order[2], repaired(raw.get("song")), repaired(raw.get("artist")), raw.get("length"), method,
    )  # fmt: skip


def view_row(event: Event) -> Row:
    raw = event.raw
    return (
        moment(event.order[0]), event.user, raw.get("level"), event.order[1], event.order[2], raw["page"], raw.get("method"),
        whole(raw.get("status")), raw.get("auth"), raw.get("location"), agent_of(raw),
    )  # fmt: skip


def user_row(latest: Event) -> Row:
    raw = latest.raw
    registered, seen = moment(raw.get("registration")), moment(latest.order[0])
    return latest.user, raw.get("firstName"), raw.get("lastName"), raw.get("gender"), raw.get("level"), registered, seen


def stays(user: int, events: list[Event]) -> list[Row]:
    """A user's stays at a level, half open, the last one without an end."""
    begun: list[tuple[str | None, int]] = []
    for event in events:
        if not begun or begun[-1][0] != event.raw.get("level"):
            begun.append((event.raw.get("level"), event.order[0]))
    ends = [moment(at) for _, at in begun[1:]] + [None]
    return [(user, level, moment(at), end, end is None) for (level, at), end in zip(begun, ends)]


def time_row(at: str) -> Row:
    when = datetime.fromisoformat(at)
    return at, when.hour, when.day, when.isocalendar().week, when.month, when.year, when.isoweekday()


def expected(logs: Iterable[Path], songs: Iterable[Path]) -> Expected:
    """Everything that one load of these files must bring."""
    result, events = Expected(), {}
    for path in sorted(logs):
        for line in lines_of(path):
            result.lines += 1
            event = decode(line)
            if event is None:
                result.rejected += 1
            elif event.key in events:
                result.duplicates += 1
            else:
                result.accepted += 1
                events[event.key] = event
    result.tables = tables_of(sorted(events.values(), key=lambda event: event.order), Catalogue(songs))
    return result


def tables_of(events: list[Event], catalogue: Catalogue) -> dict[str, list[Row]]:
    by_user: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        if event.user is not None:
            by_user[event.user].append(event)
    plays = [play_row(event, catalogue) for event in events if event.raw["page"] == "NextSong"]
    tables = {
        "songplays": plays,
        "page_views": [view_row(event) for event in events if event.raw["page"] != "NextSong"],
        "users": [user_row(of_user[-1]) for of_user in by_user.values()],
        "user_levels": [row for user, of_user in by_user.items() for row in stays(user, of_user)],
        "songs": catalogue.song_rows(),
        "artists": catalogue.artist_rows(),
        "time": [time_row(at) for at in {row[0] for row in plays}],
    }
    return {name: sorted(rows, key=repr) for name, rows in tables.items()}


COLUMNS = {
    "songplays": "start_time user_id level song_id artist_id session_id location user_agent item_in_session song artist "
    "length match_method",
    "page_views": "start_time user_id level session_id item_in_session page method status auth location user_agent",
    "users": "user_id first_name last_name gender level registered_at last_seen_at",
    "user_levels": "user_id level valid_from valid_to is_current",
    "songs": "song_id title artist_id year duration artist_name",
    "artists": "artist_id name location latitude longitude",
    "time": "start_time hour day week month year weekday",
}
INSTANTS = {"start_time", "registered_at", "last_seen_at", "valid_from", "valid_to"}


def instant(text: str | None) -> str | None:
    """A warehouse's spelling of an instant in this module's."""
    if text is None:
        return None
    at = datetime.fromisoformat(text.replace(" ", "T").rstrip("Z"))
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}"


def rows_of(table: str, records: list[dict[str, Any]]) -> list[Row]:
    """What `sparkify sql --format json` printed of a table, comparable to `tables_of`."""
    columns = COLUMNS[table].split()
    rows = [tuple(instant(r[c]) if c in INSTANTS else r[c] for c in columns) for r in records]
    return sorted(rows, key=repr)
