"""Open any source as its kind requires."""

from __future__ import annotations

import time

from stream.address import is_live, scheme
from stream.av_source import AvSource
from stream.playback import LoopedSource, RealTimeSource
from stream.source import PacketSource, SourceError
from stream.timing.timed_source import TimedSource

POLL_S = 2.0
"""Default interval at which a single picture is fetched."""
_KIND_S = 3.0  # a server that has sent anything answers at once when it is asked for its kind
_HTTP = {"http", "https"}


def open_source(address: str, transport: str = "tcp", *, poll_s: float | None = None) -> PacketSource:
    """Open an address; the times of a live source's packets agree with their arrival.

    The address of a single picture is polled every ``poll_s`` (None: every POLL_S).

    Raises SourceError.
    """
    if poll_s is not None:
        return _snapshots(address, poll_s)
    source, begun_s = _opened(address, transport)
    if source.serves_pictures and scheme(address) in _HTTP:
        source.close()  # cheap cameras serve one connection at a time
        if _is_snapshot(address):
            return _snapshots(address, POLL_S)
        source, begun_s = _opened(address, transport, as_jpegs=True)
    return TimedSource(source, begun_s=begun_s) if source.info.live else source


def _opened(address: str, transport: str, *, as_jpegs: bool = False) -> tuple[AvSource, float]:
    """Open an address; return when that was begun (monotonic), too. Raises SourceError.

    FFmpeg reads the parts of a multipart response where each states that it is ``image/jpeg`` and lines end
    with CR and LF. Of other responses the pictures are found by their content.
    """
    begun_s = time.monotonic()
    try:
        return AvSource(address, transport=transport, as_jpegs=as_jpegs), begun_s
    except SourceError as error:
        if as_jpegs or not error.retryable or scheme(address) not in _HTTP or not _is_multipart(address):
            raise
    return _opened(address, transport, as_jpegs=True)


def open_live(
    address: str, transport: str = "tcp", *, loop: bool = False, poll_s: float | None = None
) -> PacketSource:
    """Open an address to be watched live: a file is played at its own speed.

    Raises SourceError.
    """
    if loop and not is_live(address):
        return RealTimeSource(LoopedSource(lambda: AvSource(address)))
    source = open_source(address, transport, poll_s=poll_s)
    return source if source.info.live else RealTimeSource(source)


def _snapshots(address: str, poll_s: float) -> PacketSource:
    from stream.web.snapshot import SnapshotSource  # noqa: PLC0415  # an HTTP client, which few cameras need

    return SnapshotSource(address, poll_s=poll_s)


def _is_multipart(address: str) -> bool:
    """Whether the response has parts, one after the other."""
    from stream.web.http import Web  # noqa: PLC0415  # see above

    try:
        return Web(address).kind(_KIND_S).startswith("multipart/")
    except SourceError:
        return False


def _is_snapshot(address: str) -> bool:
    """Whether the response is one picture, not an endless series of them."""
    from stream.web.http import Web  # noqa: PLC0415  # see above

    try:
        Web(address).get()
    except SourceError:
        return False
    return True
