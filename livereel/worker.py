"""One camera's process: it opens the source, runs the loop and reports over its pipe.

Only small records cross the pipe: clips and keyframes go to disk, and the records name them.
"""

from __future__ import annotations

import ctypes
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from analyzer.window import WindowSettings
from livereel.capture import Capture, Counts, Seen
from livereel.clips import BufferClips
from livereel.folder import CLIPS, KEYFRAMES
from livereel.space import Space
from stream.source import AvSource, PacketSource, RealTimeSource, SourceError
from stream.threaded import ThreadedSource

BEAT_S = 0.5
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """All that a camera's process must know.

    Attributes:
        name: the camera's.
        source: its address, with credentials.
        windows: how windows are measured.
        data: the data folder.
        min_free_bytes: without so much room on the disk nothing is written.
        epoch: number of the first epoch.
    """

    name: str
    source: str
    windows: WindowSettings
    data: Path
    min_free_bytes: int = 0
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Beat:
    """The process is alive, and what it has met so far; ``frames`` grows while pictures come."""

    counts: Counts


@dataclass(frozen=True, slots=True)
class Ended:
    """The last word. ``reason`` is None when the source came to its end or we stopped it."""

    reason: str | None = None
    retryable: bool = False


Report = Seen | Beat | Ended


class _Reporter:
    """The pipe, shared by the loop and the beat; a broken pipe stops the loop."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def send(self, report: Report) -> None:
        with self._lock:
            self._pipe.send(report)


def main(pipe: Connection, settings: CameraSettings) -> None:
    """Watch one camera until its source ends or fails, or the pipe says stop, or breaks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for the main process
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):  # Linux: no orphan, however the main process dies
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    reporter = _Reporter(pipe)
    try:
        reporter.send(_watch(pipe, reporter, settings))
    except SourceError as error:
        reporter.send(Ended(error.reason, error.retryable))
    except BrokenPipeError:
        return  # nobody listens any more


def _watch(pipe: Connection, reporter: _Reporter, settings: CameraSettings) -> Ended:
    source = ThreadedSource(open_live(settings.source))
    threading.Thread(target=_stop_when_told, args=(pipe, source), daemon=True).start()
    capture = Capture(
        source,
        settings.name,
        settings.windows,
        BufferClips(source, settings.data / CLIPS / settings.name, settings.windows.window_s),
        settings.data / KEYFRAMES / settings.name,
        now=lambda: datetime.now(UTC),
        space=Space(settings.data, settings.min_free_bytes),
        epoch=settings.epoch,
    )
    threading.Thread(target=_beat, args=(reporter, capture), daemon=True).start()
    for seen in capture.run():
        reporter.send(seen)
    failure = capture.failure
    return Ended(failure.reason, retryable=True) if failure else Ended()


def open_live(address: str) -> PacketSource:
    """Open an address; what is not live of itself is played at the speed at which it was taken."""
    source = AvSource(address)
    return source if source.info.live else RealTimeSource(source)


def _stop_when_told(pipe: Connection, source: ThreadedSource) -> None:
    """Wait for the one word that the main process says, or for its end."""
    with suppress(EOFError, OSError):
        pipe.recv()
    source.stop()


def _beat(reporter: _Reporter, capture: Capture) -> None:
    pause = threading.Event()
    while not pause.wait(BEAT_S):
        try:
            reporter.send(Beat(replace(capture.counts)))
        except OSError:
            return
