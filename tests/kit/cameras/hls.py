"""A camera that serves live HLS: a window of segments that slides, until it goes stale."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import av

from tests.kit.cameras.http_server import Quiet, http_server

SHOWN = 3
_LAG_S = 2
_MASTER = """#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=100000,RESOLUTION=160x120
small.m3u8?{query}
#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=320x240
live.m3u8?{query}
"""


@dataclass
class HlsCamera:
    """What is served, and what goes wrong with it.

    Attributes:
        query: asked for in each address.
        numbered: the playlist states the number of its first segment.
        slides: it shows only the newest segments, otherwise all.
        lags: every second answer is a copy of the playlist from two seconds ago.
        requests: how often each path was asked for.
    """

    segments: list[bytes]
    port: int = 0
    query: str = "token=a1b2"
    numbered: bool = True
    slides: bool = True
    lags: bool = False
    requests: dict[str, int] = field(default_factory=dict)
    _begun_s: float = 0.0
    _frozen_s: float | None = None

    def address(self, path: str = "/live.m3u8") -> str:
        """The address of the playlist, or of ``/master.m3u8``."""
        return f"http://127.0.0.1:{self.port}{path}?{self.query}"

    def start_over(self) -> None:
        """The server starts anew, with segment 0, which it has just made with the two after it."""
        self._begun_s, self._frozen_s = time.monotonic() - SHOWN, None

    def freeze(self) -> None:
        """No segment is added any more; the server goes on answering."""
        self._frozen_s = self._now_s()

    def thaw(self) -> None:
        """Go on where it would be now."""
        self._frozen_s = None

    def _now_s(self) -> float:
        return time.monotonic() - self._begun_s if self._frozen_s is None else self._frozen_s

    @property
    def fetched(self) -> dict[str, int]:
        """How often each segment was asked for."""
        return {path: count for path, count in self.requests.items() if path.endswith(".ts")}

    def playlist(self, kind: str) -> bytes:
        """The list as it is now, a segment each second."""
        old_s = _LAG_S if self.lags and self.requests[f"/{kind}.m3u8"] % 2 else 0
        newest = min(int(self._now_s() - old_s), len(self.segments))
        first = max(0, newest - SHOWN) if self.slides else 0
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1"]
        lines += [f"#EXT-X-MEDIA-SEQUENCE:{first}"] if self.numbered else []
        for number in range(first, newest):
            lines += ["#EXTINF:1.0,", f"{kind}{number}.ts?{self.query}"]
        return ("\n".join(lines) + "\n").encode()

    def answer(self, path: str) -> tuple[bytes, str] | None:
        """Body and content type; None where nothing is served, or the token is missing."""
        name, _, query = path.partition("?")
        self.requests[name] = self.requests.get(name, 0) + 1
        if query != self.query:
            return None
        if name == "/master.m3u8":
            return _MASTER.format(query=self.query).encode(), "application/vnd.apple.mpegurl"
        if name.endswith(".m3u8"):
            return self.playlist(name[1:-5]), "application/vnd.apple.mpegurl"
        return self.segments[int("".join(filter(str.isdigit, name)))], "video/mp2t"


def _segments(film: Path, folder: Path) -> list[bytes]:
    """Cut a film at its keyframes, a second apart."""
    folder.mkdir()
    options = {"hls_time": "1", "hls_list_size": "0", "hls_segment_filename": str(folder / "%06d.ts")}
    with (
        av.open(film) as source,
        av.open(str(folder / "all.m3u8"), "w", format="hls", options=options) as out,
    ):
        track = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = track
                out.mux(packet)
    return [path.read_bytes() for path in sorted(folder.glob("*.ts"))]


@contextmanager
def hls_camera(film: Path, folder: Path, **dialect: bool) -> Iterator[HlsCamera]:
    """Serve a film with a keyframe each second, from its start on, as if it happened now.

    ``dialect`` sets ``numbered``, ``slides`` and ``lags`` of the camera.
    """
    camera = HlsCamera(_segments(film, folder), **dialect)  # type: ignore[arg-type]  # only flags are given
    camera.start_over()

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # http.server's name
            found = camera.answer(self.path)
            with suppress(OSError):  # the client has gone
                if found is None:
                    self.send_error(403)
                    return
                self.send_response(200)
                self.send_header("Content-Type", found[1])
                self.send_header("Content-Length", str(len(found[0])))
                self.end_headers()
                self.wfile.write(found[0])

    with http_server(Handler) as camera.port:
        yield camera
