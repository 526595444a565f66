"""What reading from an object store costs: bytes, memory and time, of a scan and of a recap of a part.

    python bench/objectstore.py [--gb 2] [--mbit 100]

A film of synthetic motion, padded to a high bit rate, is served by a store of this machine that answers
ranges as S3 does. Prints a JSON line for each command: the share of the object that was read, the most
memory that the command took, and how long it ran.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

WIDTH, HEIGHT, FPS, GOP_S = 640, 360, 25, 2
MOST_BYTES = 300_000_000
_WITH_PEAK = """
import atexit, pathlib, re, sys
def state():
    status = pathlib.Path("/proc/self/status").read_text()
    print("peak", re.search(r"VmHWM:\\s+(\\d+) kB", status)[1], file=sys.stderr)
atexit.register(state)
from livereel.cli.main import main
main()
"""


def padded(path: Path, mbit: int, total_bytes: int) -> None:
    """Write a film whose square moves for 4 s of every 20 s; one such round is encoded, then repeated."""
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "round.mp4"
        rate = (
            f"nal-hrd=cbr:bitrate={mbit * 1000}:vbv-maxrate={mbit * 1000}:vbv-bufsize={mbit * 1000}:filler=1"
        )
        _round(part, rate)
        with (
            av.open(str(part)) as source,
            av.open(str(path), "w", options={"video_track_timescale": "12800"}) as out,
        ):
            video = source.streams.video[0]
            track = out.add_stream_from_template(video, opaque=True)
            packets = [packet for packet in source.demux(video) if packet.size]
            shift = sum(packet.duration or 0 for packet in packets)
            written, nth = 0, 0
            while written < total_bytes:
                for packet in packets:
                    out.mux(_shifted(packet, track, shift * nth))
                    written += packet.size
                nth += 1


def _shifted(packet: Packet[VideoStream], track: Stream, by: int) -> Packet[Stream]:
    copy: Packet[Stream] = Packet(packet)  # type: ignore[arg-type]  # PyAV takes any buffer
    copy.stream, copy.time_base = track, packet.time_base
    copy.pts, copy.dts = (packet.pts or 0) + by, (packet.dts or 0) + by
    copy.duration, copy.is_keyframe = packet.duration or 0, packet.is_keyframe
    return copy


def _round(path: Path, rate: str) -> None:
    wall = np.random.default_rng(1).integers(90, 140, (HEIGHT, WIDTH), np.uint8)
    with av.open(str(path), "w") as out:
        options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": rate}
        video = out.add_stream("libx264", rate=FPS, options=options)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.gop_size = FPS * GOP_S
        for nth in range(20 * FPS):
            luma = wall.copy()
            if nth < 4 * FPS:
                at = nth * (WIDTH - 100) // (4 * FPS)
                luma[150:250, at : at + 100] = 230
            planes = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
            planes[:HEIGHT] = luma
            frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
            frame.pts, frame.time_base = nth, Fraction(1, FPS)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))


class _Store(BaseHTTPRequestHandler):
    """One object, by HEAD and by ranges, as S3 answers; counts the bytes that it sends."""

    protocol_version = "HTTP/1.1"
    file: Path
    sent = 0

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        pass

    def do_HEAD(self) -> None:
        self._head(200, self.file.stat().st_size)

    def do_GET(self) -> None:
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if found is None:
            self.send_error(400)
            return
        start, end = int(found[1]), min(int(found[2]) + 1, self.file.stat().st_size)
        self._head(206, end - start)
        with self.file.open("rb") as file:
            file.seek(start)
            self.wfile.write(file.read(end - start))
        type(self).sent += end - start

    def _head(self, status: int, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("ETag", '"0123456789abcdef0123456789abcdef"')
        self.send_header("Last-Modified", "Fri, 02 Jan 2026 10:00:00 GMT")
        self.end_headers()


def run(name: str, arguments: list[str], handler: type[_Store], url: str) -> None:
    handler.sent = 0
    variables = {
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    begun_s = time.monotonic()
    command = [sys.executable, "-c", _WITH_PEAK, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | variables, check=False)
    took_s = time.monotonic() - begun_s
    if done.returncode:
        sys.exit(done.stderr)
    peak = int(done.stderr.rpartition("peak ")[2]) * 1024
    size = handler.file.stat().st_size
    row = {
        "command": name,
        "object_bytes": size,
        "read_bytes": handler.sent,
        "share_read": round(handler.sent / size, 4),
        "peak_memory_mb": round(peak / 1e6, 1),
        "under_300_mb": peak < MOST_BYTES,
        "seconds": round(took_s, 1),
    }
    print(json.dumps(row), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--gb", type=float, default=2.0, help="size of the object")
    parser.add_argument("--mbit", type=int, default=100, help="bit rate of the film")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.mp4"
        padded(film, asked.mbit, int(asked.gb * 1e9))
        handler = type("Store", (_Store,), {"file": film})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url, address = f"http://127.0.0.1:{server.server_address[1]}", "s3://bench/film.mp4"
        run("scan", ["scan", address, "--json"], handler, url)
        part = ["--from", "0:40", "--to", "1:00", "--out", str(Path(folder) / "part")]
        run("recap of 20 s", ["recap", address, *part], handler, url)
        run("recap", ["recap", address, "--out", str(Path(folder) / "whole")], handler, url)
        server.shutdown()


if __name__ == "__main__":
    main()
