"""Makes small months of invented users and songs, as files on disk; the same seed gives the same bytes."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Event = dict[str, Any]
FIRST_DAY_MS = 1_772_323_200_000  # 2026-03-01T00:00:00Z
DAY_MS = 86_400_000
SYLLABLES = ["ka", "lo", "mi", "ren", "tu", "sal", "vor", "de", "ny", "ost", "pri", "qua", "ell", "zu", "bjö", "ñe", "漢"]
CITIES = ["Eastport-Lake Town, QX", "Norvale, QY", "Tessel-Port Ombra-Ruin, QX-QZ", "Ümlautstadt, QW"]
AGENTS = ['"Player/1.0 (Invented; One)"', '"Player/2.1 (Invented; Two) \\"beta\\""', "Player/3"]
VIEWS = ["Home", "About", "Settings", "Help", "Logout", "Thumbs Up", "Add to Playlist", "Roll Advert"]


@dataclass
class Song:
    song_id: str
    title: str
    artist_id: str
    artist_name: str
    duration: float
    year: int


@dataclass
class Month:
    """Where the files of one invented month lie."""

    logs: Path
    songs: Path
    log_files: list[Path] = field(default_factory=list)
    song_files: list[Path] = field(default_factory=list)


def word(rng: random.Random, parts: int = 2) -> str:
    return "".join(rng.choice(SYLLABLES) for _ in range(parts)).capitalize()


def garbled(text: str, rounds: int) -> str:
    """What text becomes when its UTF-8 is read as Latin-1."""
    for _ in range(rounds):
        text = text.encode("utf-8").decode("latin-1")
    return text


def make_songs(rng: random.Random, count: int) -> list[Song]:
    artists = [(f"AR{n:05d}INVENT", word(rng, 3)) for n in range(max(2, count // 3))]
    songs: list[Song] = []
    for n in range(count):
        artist_id, name = rng.choice(artists)
        title = rng.choice(songs).title if songs and rng.random() < 0.1 else f"{word(rng)} {word(rng)}"
        shown = f"{name} feat. {word(rng)}" if rng.random() < 0.15 else name
        year = rng.choice([0, 1999, 2011])
        songs.append(Song(f"SO{n:06d}INVENTED", title, artist_id, shown, rng.randint(60_000, 400_000) / 1000, year))
    return songs


def song_record(rng: random.Random, song: Song) -> dict[str, Any]:
    placed = rng.random() < 0.5
    return {
        "num_songs": 1,
        "artist_id": song.artist_id,
        "artist_latitude": round(rng.uniform(-80, 80), 4) if placed else None,
        "artist_longitude": round(rng.uniform(-170, 170), 4) if placed else None,
        "artist_location": rng.choice(CITIES) if placed else "",
        "artist_name": song.artist_name,
        "song_id": song.song_id,
        "title": song.title,
        "duration": song.duration,
        "year": song.year,
    }


class Listeners:
    """Lives the users' days and writes their events."""

    def __init__(self, rng: random.Random, songs: list[Song], users: int) -> None:
        self.rng, self.songs, self.session = rng, songs, 100
        self.levels = {user: rng.choice(["free", "paid"]) for user in range(2, 2 + users)}
        self.people = {user: (word(rng), word(rng), rng.choice("FM"), rng.choice(CITIES)) for user in self.levels}
        self.agents = {user: rng.choice(AGENTS) for user in self.levels}

    def day(self, day: int, events: int) -> list[Event]:
        found: list[Event] = []
        while len(found) < events:
            found.extend(self.one_session(FIRST_DAY_MS + day * DAY_MS))
        found.sort(key=lambda event: event["ts"])
        return found

    def one_session(self, midnight: int) -> list[Event]:
        rng, events = self.rng, []
        self.session += 1
        user = rng.choice(list(self.levels))
        ts = midnight + rng.randrange(DAY_MS - 14_400_000) + rng.randrange(1000)
        for item in range(rng.randint(1, 12)):
            ts += rng.randint(1, 900_000)
            if rng.random() < 0.04:
                self.levels[user] = "paid" if self.levels[user] == "free" else "free"
            known = item > 0 or rng.random() < 0.9
            events.append(self.event(user if known else None, user, item, ts))
        return events

    def event(self, user: int | None, person: int, item: int, ts: int) -> Event:
        rng = self.rng
        first, last, gender, city = self.people[person]
        plays = user is not None and rng.random() < 0.75
        event: Event = {
            "artist": None, "auth": "Logged In" if user else "Logged Out", "firstName": first if user else None,
            "gender": gender if user else None, "itemInSession": item, "lastName": last if user else None, "length": None,
            "level": self.levels[person], "location": city if user else None, "method": "PUT" if plays else "GET",
            "page": "NextSong" if plays else rng.choice(VIEWS), "registration": 1_540_919_166_796.0 + person if user else None,
            "sessionId": self.session, "song": None, "status": 200, "ts": ts,
            "userAgent": self.agents[person] if user else None, "userId": str(user) if user else "",
        }  # fmt: skip
        if plays:
            self.choose_song(event)
        return event

    def choose_song(self, event: Event) -> None:
        song = self.rng.choice(self.songs)
        title, artist = song.title, song.artist_name
        if self.rng.random() < 0.4:
            title = f"{word(self.rng)} unheard"
        rounds = self.rng.choice([0, 0, 0, 1, 2])
        event["song"], event["artist"] = garbled(title, rounds), garbled(artist, rounds)
        event["length"] = round(song.duration + self.rng.choice([0, 0, 1.5, -20]), 3)


def line_of(rng: random.Random, event: Event) -> bytes:
    """One event as one of the known writers would put it."""
    style = rng.random()
    if style < 0.6:
        return json.dumps(event, sort_keys=True, ensure_ascii=True).replace("/", "\\/").encode()
    shown = {key: value for key, value in event.items() if value is not None}
    if style < 0.8:
        keys = list(shown)
        rng.shuffle(keys)
        shown = {key: shown[key] for key in keys}
    if style > 0.9 and shown["userId"]:
        shown["userId"] = int(shown["userId"])
        shown["status"] = str(shown["status"])
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()


def bad_line(rng: random.Random, event: Event) -> bytes:
    """A line that must be rejected."""
    text = json.dumps(event, sort_keys=True).encode()
    gone = rng.choice(["ts", "page", "sessionId", "itemInSession"])
    without = {key: value for key, value in event.items() if key != gone}
    return rng.choice(
        [text[:-1] + b",}", json.dumps(without).encode(), b"not \xff\xfe text", text.replace(b'"ts": ', b'"ts": x')]
    )


def write_day(path: Path, rng: random.Random, lines: list[bytes]) -> Path:
    end = b"\r\n" if rng.random() < 0.1 else b"\n"
    body = end.join(lines) + (end if rng.random() < 0.8 else b"")
    if rng.random() < 0.1:
        body = b"\xef\xbb\xbf" + body
    path.parent.mkdir(parents=True, exist_ok=True)
    if rng.random() < 0.15:
        path = path.with_name(path.name + ".gz")
        body = gzip.compress(body, mtime=0)
    path.write_bytes(body)
    return path


def make_month(folder: Path, seed: str, days: int = 8, events: int = 40, songs: int = 30, users: int = 9, bad: int = 3) -> Month:
    """Writes a month: sessions over several days, late and doubled lines, a few bad ones, songs told by several files."""
    rng = random.Random(seed)
    month = Month(folder / "log_data", folder / "song_data")
    catalogue = make_songs(rng, songs)
    listeners = Listeners(rng, catalogue, users)
    by_day = [listeners.day(day, events) for day in range(days)]
    lines = [[line_of(rng, event) for event in day] for day in by_day]
    disturb(rng, by_day, lines, bad)
    for day, of_day in enumerate(lines):
        name = f"2026-03-{day + 1:02d}-events.json"
        month.log_files.append(write_day(month.logs / "2026" / "03" / name, rng, of_day))
    for n, song in enumerate(catalogue):
        name = f"TR{chr(65 + n % 3)}{chr(65 + n % 5)}{chr(65 + n % 7)}{n:07d}.json"
        path = month.songs / name[2] / name[3] / name[4] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(song_record(rng, song), ensure_ascii=rng.random() < 0.5), encoding="utf-8")
        month.song_files.append(path)
    return month


def disturb(rng: random.Random, by_day: list[list[Event]], lines: list[list[bytes]], bad: int) -> None:
    """Doubles some lines, moves some to another day's file, and adds bad ones."""
    days = len(lines)
    for _ in range(days):
        here, there = rng.randrange(days), rng.randrange(days)
        lines[there].append(rng.choice(lines[here]))
        late = lines[here].pop(rng.randrange(len(lines[here])))
        lines[there].insert(rng.randrange(len(lines[there]) + 1), late)
        lines[rng.randrange(days)].insert(0, b"")
    for _ in range(bad):
        day = rng.randrange(days)
        lines[day].insert(rng.randrange(len(lines[day])), bad_line(rng, rng.choice(by_day[day])))
