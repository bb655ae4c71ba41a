"""What the peers share: finding files and handing over the small song files in one piece."""
import os
import pathlib


def files_below(folder):
    """All JSON files below a folder, sorted; hidden and empty ones left out."""
    found, open_folders = [], [os.fspath(folder)]
    while open_folders:
        with os.scandir(open_folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    open_folders.append(entry.path)
                elif entry.name.endswith(".json") and not entry.name.startswith("."):
                    found.append(entry.path)
    return sorted(found)


def join_songs(folder, target):
    """Copies all song files into one file of JSON lines.

    Every engine here opens files far more slowly than Python does: thousands of them cost more than a second, this
    copy about a tenth of that.
    """
    target = pathlib.Path(target)
    with target.open("wb") as out:
        for name in files_below(folder):
            with open(name, "rb", buffering=0) as song:
                text = song.read().strip()
            if text:
                out.write(text + b"\n")
    return target
