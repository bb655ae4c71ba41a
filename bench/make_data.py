#!/usr/bin/env python3
"""Makes data of benchmark size by resampling the committed sample.

    python3 bench/make_data.py --out DIR [--events 4028000] [--files 720] [--songs 10000]

The month of the sample is replayed as often as needed, each time with other users, sessions and songs, over as
many days as there are files. The same settings give the same bytes; a finished folder is left as it is.
"""
import argparse
import gzip
import json
import pathlib
import random
from datetime import datetime, timedelta, timezone

SAMPLE = pathlib.Path(__file__).parent.parent / "assets" / "sample"
FIRST_DAY = datetime(2024, 1, 1, tzinfo=timezone.utc)
DAY_MS = 86_400_000
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def read(name):
    with gzip.open(SAMPLE / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def quoted(text):
    return "null" if text is None else json.dumps(text).replace("/", "\\/")


def write_songs(out, count, rng):
    """Songs of invented ids, one a file, in the Million Song Dataset's folders; returns (title, artist, length) triples."""
    originals = read("song_data.jsonl.gz")
    played = []
    for i in range(count):
        song = dict(originals[i % len(originals)])
        copy = i // len(originals)
        letters = "".join(rng.choice(ALPHABET) for _ in range(10))
        song["song_id"] = f"SO{i:06d}{letters}"
        if copy:
            song["artist_id"] = f"AR{copy % 40:04d}{song['artist_id'][6:]}"
            song["artist_name"] += f" {copy % 40}"
            song["title"] += f" {copy}"
        folder = out / "song_data" / "ABCDEFGH"[i % 8] / ALPHABET[i // 8 % 26] / ALPHABET[i // 208 % 26]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"TR{i:06d}{letters}.json").write_text(json.dumps(song))
        played.append((song["title"], song["artist_name"], song["duration"]))
    return played


def write_logs(out, events, files, played, rng):
    sample = read("log_data.jsonl.gz")
    first = min(e["ts"] for e in sample) // DAY_MS * DAY_MS
    days = 1 + max((e["ts"] - first) // DAY_MS for e in sample)
    by_day = [[] for _ in range(days)]
    for e in sample:
        by_day[(e["ts"] - first) // DAY_MS].append(e)
    catalogue = [(quoted(a), quoted(t), d) for t, a, d in played]
    elsewhere = [(quoted(f"{a} Orchestra"), quoted(f"{t} (Live {i})"), d + 1.5) for i, (t, a, d) in enumerate(played)]

    written, day = 0, 0
    while day < files:
        at = FIRST_DAY + timedelta(days=day)
        start = int(at.timestamp() * 1000)
        goal = events * (day + 1) // files - written
        rows, copy = [], 0
        while len(rows) < goal:
            for e in by_day[(day + copy) % days][:goal - len(rows)]:
                ts = start + (e["ts"] + copy * 7_919) % DAY_MS
                artist = song = length = "null"
                if e["song"]:
                    artist, song, length = (catalogue if rng.random() < 0.3 else elsewhere)[int(len(catalogue) * rng.random() ** 3)]
                user = e["userId"] and str(int(e["userId"]) + copy % 64 * 100)
                session = e["sessionId"] + (day * 64 + copy) * 2_000
                registration = "null" if e["registration"] is None else repr(e["registration"])
                rows.append((ts, f'{{"artist":{artist},"auth":"{e["auth"]}","firstName":{quoted(e["firstName"])},"gender":{quoted(e["gender"])},'
                                 f'"itemInSession":{e["itemInSession"]},"lastName":{quoted(e["lastName"])},"length":{length},"level":"{e["level"]}",'
                                 f'"location":{quoted(e["location"])},"method":"{e["method"]}","page":"{e["page"]}","registration":{registration},'
                                 f'"sessionId":{session},"song":{song},"status":{e["status"]},"ts":{ts},"userAgent":{quoted(e["userAgent"])},"userId":"{user}"}}\n'))
            copy += 1
        rows.sort(key=lambda r: r[0])
        folder = out / "log_data" / f"{at:%Y}" / f"{at:%m}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{at:%Y-%m-%d}-events.json").write_text("".join(r for _, r in rows))
        written += len(rows)
        day += 1
    return written


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--events", type=int, default=4_028_000)
    parser.add_argument("--files", type=int, default=720)
    parser.add_argument("--songs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    settings = f"{args.events} events, {args.files} files, {args.songs} songs, seed {args.seed}\n"
    done = args.out / "made"
    if done.exists() and done.read_text() == settings:
        print(f"{args.out}: there already ({settings.strip()})")
        return
    rng = random.Random(args.seed)
    played = write_songs(args.out, args.songs, rng)
    written = write_logs(args.out, args.events, args.files, played, rng)
    done.write_text(settings)
    print(f"{args.out}: {written} events, {args.songs} songs")


if __name__ == "__main__":
    main()
