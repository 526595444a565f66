"""The windows and gaps of one source."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from analyzer.reel.records import Gap
from analyzer.signal.settings import WindowSettings
from analyzer.signal.window import Window
from livereel.camera.capture import Capture
from livereel.camera.clips import NoClips
from livereel.camera.names import camera_name
from livereel.once.interrupt import arrivals, ended_by_ctrl_c, open_once
from livereel.once.progress import ShowProgress
from stream.source import PacketSource, SourceInfo
from stream.threaded import ThreadedSource

log = logging.getLogger(__name__)


class SourceScan:
    """One pass over an open source.

    Attributes:
        info: the source's description.
    """

    def __init__(self, source: PacketSource, settings: WindowSettings, pictures: Path | None) -> None:
        self.info: SourceInfo = source.info
        self._source = source
        name = camera_name(source.info.address)
        self._capture = Capture(source, name, settings, NoClips(), pictures, arrivals=arrivals(source))

    def items(self, progress: ShowProgress, seconds: float | None = None) -> Iterator[Window | Gap]:
        """Yield windows and gaps as they end; a live source ends at Ctrl-C, or after ``seconds``.

        Raises SourceError. What could be read of a damaged source is yielded, its gaps too.
        """
        duration_s = self.info.duration_s
        logged = 0
        with (
            _ended_after(self._source, seconds),
            ended_by_ctrl_c(self._source),
            progress("watching", known=duration_s is not None) as advance,
        ):
            for item in self._capture.windows():
                yield item
                for flicker in self._capture.flickers[logged:]:
                    log.info("%s", flicker)
                logged = len(self._capture.flickers)
                if isinstance(item, Window):
                    advance(item.end_s / duration_s if duration_s else 0.0)

    def warnings(self) -> list[str]:
        """What the user should know of the source, a line each."""
        return self._capture.warnings()


@contextmanager
def opened(
    address: str, settings: WindowSettings, pictures: Path | None, *, realtime: bool = False
) -> Iterator[SourceScan]:
    """Open a source to be scanned; raises SourceError.

    Args:
        address: what to scan.
        settings: how windows are measured.
        pictures: folder for the keyframes' JPEGs; None for none.
        realtime: a file is played at the speed at which it was taken.
    """
    with closing(open_once(address, realtime=realtime)) as source:
        yield SourceScan(source, settings, pictures)


@contextmanager
def _ended_after(source: PacketSource, seconds: float | None) -> Iterator[None]:
    """End a live source after so long; a file goes on to its own end."""
    if seconds is None or not isinstance(source, ThreadedSource):
        yield
        return
    timer = threading.Timer(seconds, source.stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
