"""One camera's process: it opens the source, runs the loop and reports over its pipe.

Only small records cross the pipe: clips and keyframes go to disk, and the records name them.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from analyzer.signal.window import WindowSettings
from base.child_process import become_child
from livereel.camera.capture import Capture, Seen
from livereel.camera.clips import BufferClips
from livereel.camera.counts import Counts
from livereel.camera.main_stream import MainStreamClips
from livereel.storage.data_dir import CLIPS, KEYFRAMES
from livereel.storage.free_space import FreeSpace
from stream.open import open_live
from stream.source import SourceError
from stream.threaded import ThreadedSource

BEAT_S = 0.5


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """All that a camera's process must know.

    Attributes:
        name: the camera's.
        source: its address, with credentials.
        detect_source: address of another stream of the same camera, which is analysed in its place; None
            where there is none.
        transport: how RTSP brings its packets, ``tcp`` or ``udp``.
        loop: a file starts over when it ends.
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
    transport: str = "tcp"
    loop: bool = False
    detect_source: str | None = None


@dataclass(frozen=True, slots=True)
class Beat:
    """The process is alive, and what it has met so far; ``frames`` grows while pictures come.

    ``clip_failure`` is why a clip could not be cut, the last time; ``choice`` which of several video tracks
    is watched.
    """

    counts: Counts
    clip_failure: str | None = None
    choice: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The last word. ``reason`` is None when the source came to its end or we stopped it."""

    reason: str | None = None
    retryable: bool = False


Report = Seen | Beat | Ended


class _Reporter:
    """The pipe, shared by the loop and the beat; a broken pipe stops the loop."""

    def __init__(self, pipe: Connection[Report, Any]) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def send(self, report: Report) -> None:
        with self._lock:
            self._pipe.send(report)


def run(handle: int, parent_pid: int) -> None:
    """Be the camera's process: hear of the camera over the pipe that ``handle`` names, and watch it."""
    pipe = become_child(handle, parent_pid)
    reporter = _Reporter(pipe)
    try:
        try:
            reporter.send(_watch(pipe, reporter, pipe.recv()))
        except SourceError as error:
            reporter.send(Ended(error.reason, error.retryable))
    except (EOFError, BrokenPipeError):
        return  # nobody is there any more


def _watch(pipe: Connection[Report, Any], reporter: _Reporter, settings: CameraSettings) -> Ended:
    main = source = _open(settings.source, settings)
    if settings.detect_source is not None:
        source = _opened_to_detect(settings.detect_source, settings)
    threading.Thread(target=_stop_when_told, args=(pipe, source), daemon=True).start()
    clips = BufferClips(main, settings.data / CLIPS / settings.name, settings.windows.window_s)
    beside = None if main is source else MainStreamClips(main, source, clips)
    capture = Capture(
        source,
        settings.name,
        settings.windows,
        beside or clips,
        settings.data / KEYFRAMES / settings.name,
        arrivals=source,
        space=FreeSpace(settings.data, settings.min_free_bytes),
        epoch=settings.epoch,
    )
    threading.Thread(target=_beat, args=(reporter, capture), daemon=True).start()
    try:
        for seen in capture.run():
            reporter.send(seen)
    finally:
        if beside:
            beside.close()
        reporter.send(_beat_of(capture))  # the numbers of its last moments
    failure = capture.failure or (beside and beside.failure)
    if failure:
        return Ended(failure.reason, failure.retryable)
    if source.info.live and not source.stopped:
        return Ended("the stream ended", retryable=True)
    return Ended()


def _open(address: str, settings: CameraSettings) -> ThreadedSource:
    return ThreadedSource(open_live(address, settings.transport, loop=settings.loop))


def _opened_to_detect(address: str, settings: CameraSettings) -> ThreadedSource:
    try:
        return _open(address, settings)
    except SourceError as error:
        reason = f"its detect_source: {error.reason}"
        raise SourceError(error.address, reason, retryable=error.retryable) from error


def _stop_when_told(pipe: Connection[Report, Any], source: ThreadedSource) -> None:
    """Wait for the one word that the main process says, or for its end."""
    with suppress(EOFError, OSError):
        pipe.recv()
    source.stop()


def _beat(reporter: _Reporter, capture: Capture) -> None:
    pause = threading.Event()
    while not pause.wait(BEAT_S):
        try:
            reporter.send(_beat_of(capture))
        except OSError:
            return


def _beat_of(capture: Capture) -> Beat:
    failure = capture.clip_failure
    return Beat(replace(capture.counts), None if failure is None else str(failure), capture.choice)
