"""Cameras served over HTTP: an endless MPEG transport stream, and a live HLS playlist."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import av

from tests.kit.cameras.http_server import Quiet, http_server

_SEGMENTS_SHOWN = 3
_CHUNKS_PER_S = 20


@dataclass
class WebCamera:
    """What is served, and what goes wrong with it.

    Attributes:
        port: where.
        status: answered to every request instead of pictures, where it is not 200.
        requests: paths that were asked for.
    """

    port: int = 0
    status: int = 200
    requests: list[str] = field(default_factory=list)

    def address(self, path: str) -> str:
        """The address of ``/live.ts``, ``/live.m3u8`` or ``/film.mp4``."""
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def web_camera(film: Path, folder: Path, length_s: float) -> Iterator[WebCamera]:
    """Serve a film of ``length_s`` (MPEG-TS) as if it happened now; it does not start over.

    ``/live.ts`` begins with each request and ends with the film. ``/live.m3u8`` began a moment ago.
    """
    camera = WebCamera()
    segments = cache(lambda: _segments(film, folder))
    begun_s = time.monotonic() - _SEGMENTS_SHOWN

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # http.server's name
            camera.requests.append(self.path)
            with suppress(OSError):  # the client has gone
                if camera.status != 200:
                    self.send_error(camera.status)
                elif self.path == "/live.ts":
                    self._stream(film.read_bytes())
                elif self.path == "/live.m3u8":
                    self._answer(_playlist(segments(), time.monotonic() - begun_s), "application/x-mpegurl")
                elif (folder / self.path.lstrip("/")).is_file():
                    self._answer((folder / self.path.lstrip("/")).read_bytes(), "video/mp2t")
                else:
                    self.send_error(404)

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self, body: bytes) -> None:
            """As a camera does: no length, and only as fast as it happens."""
            self.send_response(200)
            self.send_header("Content-Type", "video/mp2t")
            self.end_headers()
            chunk = int(len(body) / length_s / _CHUNKS_PER_S)
            for at in range(0, len(body), chunk):
                self.wfile.write(body[at : at + chunk])
                time.sleep(1 / _CHUNKS_PER_S)

    with http_server(Handler) as camera.port:
        yield camera


def _segments(film: Path, folder: Path) -> list[str]:
    """Cut the film at its keyframes, a second apart, into files of an HLS stream."""
    with av.open(film) as source:
        options = {"hls_time": "1", "hls_list_size": "0", "hls_segment_filename": str(folder / "live%d.ts")}
        with av.open(str(folder / "all.m3u8"), "w", format="hls", options=options) as out:
            track = out.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = track
                    out.mux(packet)
    return sorted((it.name for it in folder.glob("live*.ts")), key=lambda name: int(name[4:-3]))


def _playlist(segments: list[str], now_s: float) -> bytes:
    """What a camera lists that has sent a segment each second: the last few."""
    newest = min(int(now_s), len(segments))
    first = max(0, newest - _SEGMENTS_SHOWN)
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1", f"#EXT-X-MEDIA-SEQUENCE:{first}"]
    for name in segments[first:newest]:
        lines += ["#EXTINF:1.0,", name]
    return ("\n".join(lines) + "\n").encode()
