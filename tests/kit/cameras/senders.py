"""Cameras that send bytes in their own time: over HTTP, over TCP and over UDP."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import av
from av.video.stream import VideoStream

from tests.kit.cameras.http_server import Quiet, http_server

_DATAGRAM_BYTES = 7 * 188
MULTIPART = "multipart/x-mixed-replace; boundary=frame"


@dataclass(frozen=True, slots=True)
class Unit:
    """Bytes, and when they are sent (s since the connection)."""

    at_s: float
    data: bytes


def multipart(film: Path, fps: float) -> list[Unit]:
    """A film of JPEG pictures as the parts of one endless answer, so many a second."""
    head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
    return [Unit(nth / fps, head % len(jpeg) + jpeg + b"\r\n") for nth, jpeg in enumerate(encoded(film))]


def bare(film: Path, fps: float) -> list[Unit]:
    """A film's pictures as its codec writes them, with no container and no times."""
    return [Unit(nth / fps, data) for nth, data in enumerate(encoded(film))]


def encoded(film: Path) -> list[bytes]:
    """The packets of a film's pictures."""
    with av.open(film) as source:
        return [bytes(packet) for packet in source.demux(video=0) if packet.size]


def transport_stream(film: Path, rate: float) -> list[Unit]:
    """A film as MPEG-TS whose clock runs at this rate, sent at the film's own speed."""
    out = io.BytesIO()
    units = []
    with av.open(film) as source, av.open(out, "w", format="mpegts", options={"flush_packets": "1"}) as ts:
        track = ts.add_stream_from_template(source.streams.video[0])
        assert isinstance(track, VideoStream)  # by its template
        for packet in source.demux(video=0):
            if packet.pts is None or packet.dts is None:
                continue
            at_s, tick_s = float(packet.dts * packet.time_base), Fraction(1, 90_000)
            for stamp in ("pts", "dts"):
                setattr(packet, stamp, round(getattr(packet, stamp) * packet.time_base * rate / tick_s))
            packet.time_base, packet.stream = tick_s, track
            ts.mux(packet)
            units.append(Unit(at_s, out.getvalue()))
            out.seek(0)
            out.truncate()
    return [*units, Unit(units[-1].at_s, out.getvalue())]


def in_bursts(
    units: Sequence[Unit], stored_s: float = 0.0, jam: tuple[float, float] = (0.0, 0.0)
) -> list[Unit]:
    """The same, of which ``stored_s`` are sent at once, and what falls into the jam when it is over."""
    moved = [replace(unit, at_s=max(0.0, unit.at_s - stored_s)) for unit in units]
    return [replace(it, at_s=jam[1]) if jam[0] <= it.at_s < jam[1] else it for it in moved]


def _play(units: Sequence[Unit], send: Callable[[bytes], object], stop: threading.Event) -> None:
    begun_s = time.monotonic()
    for unit in units:
        if stop.wait(max(0.0, begun_s + unit.at_s - time.monotonic())):
            return
        send(unit.data)


@contextmanager
def over_http(units: Sequence[Unit], kind: str) -> Iterator[str]:
    """Play them anew to each client that asks, with no length; yields the address."""
    stop = threading.Event()

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # http.server's name
            with suppress(OSError):  # the client has gone
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.end_headers()
                _play(units, self.wfile.write, stop)

    with http_server(Handler) as port:
        try:
            yield f"http://127.0.0.1:{port}/stream"
        finally:
            stop.set()


@contextmanager
def over_tcp(units: Sequence[Unit]) -> Iterator[str]:
    """Play them anew to each client that connects; yields the address."""
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError):
            _play(units, client.sendall, stop)

    def accept() -> None:
        with suppress(OSError):  # closed
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@contextmanager
def over_udp(units: Sequence[Unit], port: int) -> Iterator[str]:
    """Send them to a port from now on, whether a receiver listens or not; yields the address."""
    stop = threading.Event()
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.connect(("127.0.0.1", port))

    def send(data: bytes) -> None:
        for at in range(0, len(data), _DATAGRAM_BYTES):
            with suppress(ConnectionRefusedError):  # there is no receiver yet
                out.send(data[at : at + _DATAGRAM_BYTES])

    thread = threading.Thread(target=_play, args=(units, send, stop), daemon=True)
    thread.start()
    try:
        yield f"udp://127.0.0.1:{port}"
    finally:
        stop.set()
        thread.join()
        out.close()
