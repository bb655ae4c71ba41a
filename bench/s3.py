#!/usr/bin/env python3
"""What verifying checksums costs a load from S3: the same load from a store that gives them and from one that does not.

nginx (Debian: nginx-light) serves a folder of logs the way S3 would, on this machine, so that nothing but the load takes time.
With `--older`, another binary loads from the same store in turn, such as one from before checksums were verified.

    bench/s3.py --binary target/release/sparkify --data DIR --pairs 7
"""

import argparse
import base64
import contextlib
import hashlib
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from xml.sax.saxutils import escape

BUCKET = "lake"
CONFIGURATION = """
daemon off;
worker_processes 1;
error_log {folder}/error.log;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    access_log off;
    sendfile on;
    keepalive_requests 100000;
    types {{ application/xml xml; }}
    map_hash_max_size 65536;
    map_hash_bucket_size 256;
    map $uri $checksum {{ {checksums} }}
    server {{
        listen 127.0.0.1:{port};
        root {folder}/www;
        location = /{bucket} {{ rewrite ^ /listing.xml last; }}
        location = /listing.xml {{ }}
        location / {{ add_header {header} $checksum; }}
    }}
}}
"""


def crc64nvme(content):
    """Needs the package awscrt."""
    from awscrt import checksums

    value = 0
    for start in range(0, len(content), 1 << 24):
        value = checksums.crc64nvme(content[start : start + (1 << 24)], value)
    return value.to_bytes(8, "big")


ALGORITHMS = {
    "crc64nvme": crc64nvme,
    "crc32": lambda content: zlib.crc32(content).to_bytes(4, "big"),
    "sha256": lambda content: hashlib.sha256(content).digest(),
}


def files_of(data):
    return sorted(path for path in (data / "log_data").rglob("*") if path.is_file())


def listing(data):
    """All objects in one answer. The ETags are the ones that nginx sends: time and size of the file."""
    entries = []
    for path in files_of(data):
        status = path.stat()
        entries.append(
            f"<Contents><Key>{escape(str(path.relative_to(data)))}</Key><Size>{status.st_size}</Size>"
            f"<LastModified>{time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(status.st_mtime))}</LastModified>"
            f"<ETag>&quot;{int(status.st_mtime):x}-{status.st_size:x}&quot;</ETag></Contents>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{BUCKET}</Name><KeyCount>{len(entries)}</KeyCount><IsTruncated>false</IsTruncated>{''.join(entries)}"
        "</ListBucketResult>"
    )


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def store(data, algorithm):
    """An nginx over `data` that gives each object's checksum, or none; yields its address."""
    with tempfile.TemporaryDirectory() as folder:
        www = pathlib.Path(folder) / "www"
        (www / BUCKET).mkdir(parents=True)
        os.chmod(folder, 0o755)
        (www / BUCKET / "log_data").symlink_to((data / "log_data").resolve())
        (www / "listing.xml").write_text(listing(data))
        digest = ALGORITHMS.get(algorithm)
        checksums = [
            f'"/{BUCKET}/{path.relative_to(data)}" "{base64.b64encode(digest(path.read_bytes())).decode()}";'
            for path in files_of(data) if digest
        ]
        port = free_port()
        configuration = pathlib.Path(folder) / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(
            folder=folder, port=port, bucket=BUCKET, header=f"x-amz-checksum-{algorithm}",
            checksums='default "";' + " ".join(checksums),
        ))
        server = subprocess.Popen(["nginx", "-c", str(configuration), "-g", "user root;"], stderr=subprocess.DEVNULL)
        try:
            for _ in range(100):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def load(binary, endpoint):
    with tempfile.TemporaryDirectory() as folder:
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("SPARKIFY_", "AWS_"))}
        surroundings |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
        started = time.perf_counter()
        subprocess.run(
            [binary, "load", "--warehouse", f"{folder}/music.duckdb", "--logs", f"s3://{BUCKET}/log_data",
             "--s3-endpoint", endpoint],
            check=True, capture_output=True, env=surroundings, cwd=folder,
        )
        return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default="target/release/sparkify", type=pathlib.Path)
    parser.add_argument("--older", type=pathlib.Path, help="another binary, in turn with the first")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="a folder with log_data, as `simulate` writes it")
    parser.add_argument("--algorithm", choices=ALGORITHMS, default="crc32")
    parser.add_argument("--pairs", type=int, default=7)
    options = parser.parse_args()
    if not shutil.which("nginx"):
        sys.exit("bench/s3.py needs nginx (Debian: apt-get install nginx-light)")
    binary, data = options.binary.resolve(), options.data.resolve()
    with store(data, options.algorithm) as checked, store(data, None) as unchecked:
        contenders = {"verified": (binary, checked), "no checksum given": (binary, unchecked)}
        if options.older:
            contenders["the other binary"] = (options.older.resolve(), checked)
        times = {name: [] for name in contenders}
        for number in range(options.pairs + 1):
            for name, (program, endpoint) in contenders.items():
                seconds = load(program, endpoint)
                # The first of each warms the page cache.
                if number:
                    times[name].append(seconds)
    size = sum(path.stat().st_size for path in files_of(data))
    print(f"{len(files_of(data))} objects, {size / 1e6:.0f} MB, {options.algorithm}, {options.pairs} pairs\n")
    print("| load | median s | least to most | verified is so many times it |\n| --- | --- | --- | --- |")
    for name, seconds in times.items():
        ratio = statistics.median(a / b for a, b in zip(times["verified"], seconds))
        print(f"| {name} | {statistics.median(seconds):.2f} | {min(seconds):.2f} to {max(seconds):.2f} | {ratio:.3f} |")


if __name__ == "__main__":
    main()
