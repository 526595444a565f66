"""End a live source at the first Ctrl-C and keep what was seen."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from stream.open import open_live, open_source
from stream.source import PacketSource
from stream.threaded import ThreadedSource

log = logging.getLogger(__name__)


def open_once(address: str, *, realtime: bool = False) -> PacketSource:
    """Open a source to be seen once; a live one is read in a thread of its own, as it comes when it comes.

    With ``realtime`` a file comes no faster than it was taken. Raises SourceError.
    """
    source = open_live(address) if realtime else open_source(address)
    return ThreadedSource(source) if source.info.live else source


def arrivals(source: PacketSource) -> ThreadedSource | None:
    """The source, where it is live."""
    return source if isinstance(source, ThreadedSource) else None


@contextmanager
def ended_by_ctrl_c(source: PacketSource) -> Iterator[None]:
    """Say that a live source goes on until Ctrl-C, and end it at the first one; the next one interrupts.

    Signals reach the main thread alone: in another one it goes on until it ends by itself.
    """
    if not isinstance(source, ThreadedSource) or threading.current_thread() is not threading.main_thread():
        yield
        return
    warning = f"; {source.warning}" if source.warning else ""
    log.info("%s is live%s; Ctrl-C ends it", source.info.address, warning)
    before = signal.getsignal(signal.SIGINT)

    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        source.stop()

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
