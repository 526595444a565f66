"""The camera's process, from inside: open the source, capture, report over the pipe.

Only small records cross the pipe: clips and keyframes go to disk, and the records name them.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.signal.flicker import Flicker
from analyzer.signal.settings import WindowSettings
from base.child_process import become_child
from livereel.camera.capture import Capture, Seen
from livereel.camera.clips import BufferClips
from livereel.camera.counts import CaptureCounts
from livereel.camera.main_stream import MainStreamClips
from livereel.camera.settings import CameraSettings
from livereel.storage.data_dir import CLIPS, KEYFRAMES
from livereel.storage.free_space import FreeSpace
from stream.open import open_live
from stream.source import SourceError
from stream.threaded import ThreadedSource

if TYPE_CHECKING:
    from stream.web.playlist import Segment

BEAT_S = 0.5


@dataclass(frozen=True, slots=True)
class Listed:
    """The source is a live playlist, up to whose segment ``seen`` nothing is to be played again.

    None is whatever it lists when it is asked next.
    """

    seen: Segment | None = None


@dataclass(frozen=True, slots=True)
class CameraJob:
    """All that a camera's process must know.

    Attributes:
        camera: its address, and how it is read.
        windows: how windows are measured.
        data: the data folder.
        min_free_bytes: without so much room on the disk nothing is written.
        epoch: number of the first epoch.
        listed: where an earlier connection has left a live playlist; None at the first one.
    """

    camera: CameraSettings
    windows: WindowSettings
    data: Path
    min_free_bytes: int = 0
    epoch: int = 0
    listed: Listed | None = None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The process is alive, and what it has met so far; ``frames`` grows while pictures come.

    Attributes:
        counts: what was met.
        clip_failure: why a clip could not be cut, the last time.
        warning: what the user should know of how the source is read.
        interval_s: how far apart its pictures usually are; None while that is unknown.
        choice: which of several video tracks is watched.
        flickers: small places whose regular changes do not count as motion.
    """

    counts: CaptureCounts
    clip_failure: str | None = None
    choice: str | None = None
    warning: str | None = None
    interval_s: float | None = None
    flickers: tuple[Flicker, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """The last word. ``reason`` is None when the source came to its end or we stopped it.

    ``unreadable``: the source is there, but what it sends cannot be decoded.
    ``stalled`` says that the connection was there, and nothing came.
    """

    reason: str | None = None
    retryable: bool = False
    unreadable: bool = False
    stalled: bool = False


Report = Seen | Heartbeat | Listed | Ended


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
            reporter.send(Ended(error.reason, error.retryable, error.unreadable))
    except (EOFError, BrokenPipeError):
        return  # nobody is there any more


def _watch(pipe: Connection[Report, Any], reporter: _Reporter, job: CameraJob) -> Ended:
    camera = job.camera
    if job.listed is not None:
        from stream.web.playlist import await_segment  # noqa: PLC0415  # an HTTP client, which few cameras need

        await_segment(camera.source, job.listed.seen, lambda seen: reporter.send(Listed(seen)))
    main = source = _open(camera.source, camera)
    if main.info.live and main.info.playlist:
        reporter.send(Listed())
    if camera.detect_source is not None:
        source = _opened_to_detect(camera.detect_source, camera)
    threading.Thread(target=_stop_on_message, args=(pipe, source), daemon=True).start()
    clips = BufferClips(main, job.data / CLIPS / camera.name, job.windows.window_s)
    beside = None if main is source else MainStreamClips(main, source, clips)
    capture = Capture(
        source,
        camera.name,
        job.windows,
        beside or clips,
        job.data / KEYFRAMES / camera.name,
        arrivals=source,
        space=FreeSpace(job.data, job.min_free_bytes),
        epoch=job.epoch,
    )
    threading.Thread(target=_beat, args=(reporter, capture, source), daemon=True).start()
    try:
        for seen in capture.run():
            reporter.send(seen)
    finally:
        if beside:
            beside.close()
        reporter.send(_beat_of(capture, source))  # the numbers of its last moments
    failure = capture.failure or (beside and beside.failure)
    if failure:
        return Ended(
            failure.reason, failure.retryable, unreadable=failure.unreadable, stalled=failure.stalled
        )
    if source.info.live and not source.stopped:
        return Ended("the stream ended", retryable=True)
    return Ended()


def _open(address: str, camera: CameraSettings) -> ThreadedSource:
    poll_s = camera.poll_s if address == camera.source else None
    return ThreadedSource(open_live(address, camera.transport, loop=camera.loop, poll_s=poll_s))


def _opened_to_detect(address: str, camera: CameraSettings) -> ThreadedSource:
    try:
        return _open(address, camera)
    except SourceError as error:
        reason = f"its detect_source: {error.reason}"
        raise SourceError(error.address, reason, retryable=error.retryable) from error


def _stop_on_message(pipe: Connection[Report, Any], source: ThreadedSource) -> None:
    """Wait for the one word that the main process says, or for its end."""
    with suppress(EOFError, OSError):
        pipe.recv()
    source.stop()


def _beat(reporter: _Reporter, capture: Capture, source: ThreadedSource) -> None:
    pause = threading.Event()
    while not pause.wait(BEAT_S):
        try:
            reporter.send(_beat_of(capture, source))
        except OSError:
            return


def _beat_of(capture: Capture, source: ThreadedSource) -> Heartbeat:
    failure = capture.clip_failure
    return Heartbeat(
        replace(capture.counts),
        None if failure is None else str(failure),
        choice=capture.choice,
        warning=source.warning,
        interval_s=capture.interval_s,
        flickers=tuple(capture.flickers),
    )
