#!/usr/bin/env python3
"""Makes the small sample that `sparkify demo` loads: a month of user activity and a song catalogue.

Everything is invented here, from word lists and a seeded random generator, so the sample is free of
other people's data and the same seed gives the same bytes. It imitates what real logs are like:
paid and free users, upgrades, logged-out visitors, songs that the catalogue lacks, several songs that
share title and artist, and names that were garbled on their way through two wrong decodings.

    python3 scripts/make_sample.py            rewrites assets/sample/*.jsonl.gz
"""
import argparse
import gzip
import json
import math
import pathlib
import random
from datetime import datetime, timedelta, timezone

START = datetime(2026, 9, 1, tzinfo=timezone.utc)
DAYS = 30
USERS = 90
SONGS = 160
REGISTRATION_SPAN_MS = 60 * 86_400_000

FIRST_NAMES = ("Ada Bela Chidi Dora Emre Fatou Goran Hana Ines Jonas Kavya Lars Mina Noor Omar Priya "
               "Quinn Rosa Sanne Tomas Uma Viktor Wanda Ximena Yusuf Zoe").split()
LAST_NAMES = ("Abara Berg Castillo Dubois Eriksen Farouk Garcia Horvat Ivanova Jensen Kim Lopez Moreau "
              "Novak Okafor Patel Quist Rossi Sato Tanaka Ueda Vargas Weber Xu Yilmaz Zhang").split()
PLACES = [
    ("New York-Newark-Jersey City, NY-NJ-PA", 20), ("Los Angeles-Long Beach-Anaheim, CA", 13),
    ("Chicago-Naperville-Elgin, IL-IN-WI", 10), ("Houston-The Woodlands-Sugar Land, TX", 7),
    ("Atlanta-Sandy Springs-Roswell, GA", 6), ("Portland-South Portland, ME", 2),
    ("San Francisco-Oakland-Hayward, CA", 5), ("Lansing-East Lansing, MI", 1),
    ("Minneapolis-St. Paul-Bloomington, MN-WI", 4), ("Tampa-St. Petersburg-Clearwater, FL", 3),
    ("San Juan-Carolina-Caguas, PR", 2), ("Boise City, ID", 1),
]
AGENTS = [
    '"Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/37.0.2062.103 Safari/537.36"',
    '"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_4) AppleWebKit/537.77.4 (KHTML, like Gecko) Version/7.0.5 Safari/537.77.4"',
    '"Mozilla/5.0 (iPhone; CPU iPhone OS 7_1_2 like Mac OS X) AppleWebKit/537.51.2 (KHTML, like Gecko) Version/7.0 Mobile/11D257 Safari/9537.53"',
    "Mozilla/5.0 (Windows NT 6.1; WOW64; rv:31.0) Gecko/20100101 Firefox/31.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:31.0) Gecko/20100101 Firefox/31.0",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.1; WOW64; Trident/6.0)",
]
ADJECTIVES = "Silver Broken Quiet Electric Midnight Golden Restless Paper Distant Velvet Hollow Neon".split()
NOUNS = "Harbour Engine Garden Signal Mirror Winter Avenue Compass Lantern Ocean Parade Static".split()
TITLE_VERBS = "Chasing Losing Finding Leaving Remember Calling Under Beyond Without Counting".split()
TITLE_NOUNS = "the Light|the River|Yesterday|My Name|You|Tomorrow|the Summer|Gravity|Home|the Rain".split("|")
ACCENTED_ARTISTS = ["Señal Nocturna", "Björn Ålander", "Les Éclairs", "Čarovný Les", "Μικρό Φως", "東京ノイズ", "Ámbar"]
ACCENTED_TITLES = ["Corazón de Neón", "Für Immer", "Été Indien", "Canção do Mar", "夜の光"]
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def msd_id(rng, prefix):
    """An id in the shape of the Million Song Dataset's: two letters, then sixteen."""
    return prefix + "".join(rng.choice(ALPHABET) for _ in range(16))


def garble(text):
    """What two readings of UTF-8 as Latin-1 make of a text."""
    for _ in range(2):
        text = text.encode("utf-8").decode("latin-1")
    return text


def make_catalogue(rng):
    artists = []
    for i in range(70):
        name = (ACCENTED_ARTISTS[i] if i < len(ACCENTED_ARTISTS)
                else f"{rng.choice(('The ', '', ''))}{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}{rng.choice(('s', '', ''))}")
        placed = rng.random() < 0.6
        artists.append({
            "artist_id": msd_id(rng, "AR"), "artist_name": name,
            "artist_latitude": round(rng.uniform(-50, 60), 5) if placed else None,
            "artist_longitude": round(rng.uniform(-120, 140), 5) if placed else None,
            "artist_location": rng.choice(PLACES)[0].split(",")[0] if placed else "",
        })
    songs = []
    while len(songs) < SONGS:
        artist = rng.choice(artists)
        title = (rng.choice(ACCENTED_TITLES) if rng.random() < 0.08
                 else f"{rng.choice(TITLE_VERBS)} {rng.choice(TITLE_NOUNS)}")
        versions = 2 if rng.random() < 0.05 else 1          # an album and a radio version of one song
        for _ in range(versions):
            songs.append({
                "num_songs": 1, **artist, "song_id": msd_id(rng, "SO"), "title": title,
                "duration": round(rng.uniform(110, 420), 5),
                "year": rng.choice((0, 0, rng.randint(1962, 2025))),
            })
    return songs[:SONGS]


def make_users(rng):
    users = []
    for user_id in range(2, 2 + USERS):
        users.append({
            "userId": str(user_id), "firstName": rng.choice(FIRST_NAMES), "lastName": rng.choice(LAST_NAMES),
            "gender": rng.choice("FM"), "level": "paid" if rng.random() < 0.25 else "free",
            "location": rng.choices([p for p, _ in PLACES], [w for _, w in PLACES])[0],
            "userAgent": rng.choice(AGENTS),
            "registration": int(START.timestamp() * 1000) - rng.randrange(REGISTRATION_SPAN_MS),
            "pace": rng.lognormvariate(0, 0.9),
        })
    return users


def session(rng, user, session_id, start_ms, songs, weights, end_ms):
    """One visit: a few pages and, mostly, songs until the listener has had enough."""
    item, ts = 0, start_ms

    def event(page, method="GET", status=200, song=None, auth="Logged In"):
        nonlocal item
        known = auth == "Logged In"
        row = {
            "artist": song and song["artist"], "auth": auth, "firstName": user["firstName"] if known else None,
            "gender": user["gender"] if known else None, "itemInSession": item,
            "lastName": user["lastName"] if known else None, "length": song and song["duration"],
            "level": user["level"], "location": user["location"] if known else None, "method": method, "page": page,
            "registration": float(user["registration"]) if known else None, "sessionId": session_id,
            "song": song and song["title"], "status": status, "ts": ts,
            "userAgent": user["userAgent"] if known else None, "userId": user["userId"] if known else "",
        }
        item += 1
        return row

    if rng.random() < 0.12:
        yield event("Login", "PUT", 307, auth="Logged Out")
        ts += 1000
    yield event("Home")
    while ts < end_ms:
        draw = rng.random()
        if draw < 0.86:
            song = rng.choices(songs, weights)[0]
            yield event("NextSong", "PUT", 200, song)
            ts += int(song["duration"]) * 1000
        elif draw < 0.93:
            page = rng.choice(("Home", "Home", "Settings", "Help", "About", "Thumbs Up", "Add to Playlist", "Roll Advert"))
            yield event(page, "PUT" if page in ("Thumbs Up", "Add to Playlist") else "GET")
            ts += 1000 * int(rng.expovariate(1 / 40))
        elif draw < 0.935:
            submit, level = ("Submit Upgrade", "paid") if user["level"] == "free" else ("Submit Downgrade", "free")
            yield event(submit, "PUT", 307)
            user["level"] = level
            ts += 1000
        elif draw < 0.94:
            yield event("Error", "GET", 404)
            ts += 3000
        elif draw < 0.955:
            yield event("Logout", "PUT", 307)
            return
        elif draw < 0.975:
            return
        else:
            ts += 1000 * int(rng.expovariate(1 / 60))


def make_events(rng, users, catalogue):
    played = [{"artist": s["artist_name"], "title": s["title"], "duration": s["duration"]} for s in catalogue]
    for _ in range(SONGS * 3):                               # songs that the catalogue does not hold
        played.append({"artist": f"{rng.choice(NOUNS)} {rng.choice(ADJECTIVES)}",
                       "title": f"{rng.choice(TITLE_VERBS)} {rng.choice(TITLE_NOUNS)} {rng.randint(1, 99)}",
                       "duration": round(rng.uniform(90, 500), 5)})
    for song in played:
        song["artist"], song["title"] = garble(song["artist"]), garble(song["title"])
    rng.shuffle(played)
    weights = [1 / (rank + 3) for rank in range(len(played))]

    start_ms, end_ms = int(START.timestamp() * 1000), int((START + timedelta(days=DAYS)).timestamp() * 1000)
    sessions = []
    for user in users:
        at = start_ms + rng.expovariate(1) * 3 * 86_400_000 / user["pace"]
        while at < end_ms:
            hour = (at / 3_600_000) % 24
            if rng.random() < 0.55 + 0.45 * math.sin(2 * math.pi * (hour - 9) / 24):
                sessions.append((int(at), user))
            at += 3_600_000 + rng.expovariate(1) * 6 * 86_400_000 / user["pace"]
    sessions.sort(key=lambda s: s[0])
    events = []
    for session_id, (at, user) in enumerate(sessions, start=1):
        events.extend(session(rng, user, session_id, at, played, weights, end_ms))
    return sorted(events, key=lambda e: (e["ts"], e["sessionId"], e["itemInSession"]))


def dump(row):
    return json.dumps(row, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/")


def write(path, rows):
    data = "".join(dump(row) + "\n" for row in rows).encode()
    with open(path, "wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as out:
        out.write(data)
    print(f"{path}: {len(rows)} lines, {len(data)} bytes, {path.stat().st_size} packed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent / "assets" / "sample")
    parser.add_argument("--seed", type=int, default=20260901)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    catalogue = make_catalogue(rng)
    events = make_events(rng, make_users(rng), catalogue)
    args.out.mkdir(parents=True, exist_ok=True)
    write(args.out / "log_data.jsonl.gz", events)
    write(args.out / "song_data.jsonl.gz", catalogue)


if __name__ == "__main__":
    main()
