"""The camera's process, from inside: open the source, capture, report over the pipe.

Only small records cross the pipe: clips and keyframes go to disk, and the records name them.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from pathlib import Path
from typing import Any

from analyzer.signal.settings import WindowSettings
from base.child_process import become_child
from livereel.camera.capture import Capture
from livereel.camera.clips import BufferClips
from livereel.camera.main_stream import MainStreamClips
from livereel.camera.reports import Ended, Heartbeat, Opening, PlaylistPosition, Report, ViewRequest
from livereel.camera.settings import CameraSettings
from livereel.camera.view.channel import Channels
from livereel.camera.view.frames import FrameView
from livereel.camera.view.packets import PacketView
from livereel.storage.data_dir import CLIPS, KEYFRAMES
from livereel.storage.free_space import FreeSpace
from stream.open import open_live
from stream.source import SourceError
from stream.threaded import ThreadedSource

BEAT_S = 0.5


@dataclass(frozen=True, slots=True)
class CameraJob:
    """What a camera's process is to do.

    Attributes:
        camera: its address, and how it is read.
        windows: how windows are measured.
        data: the data folder.
        min_free_bytes: free space on the disk that is left; with less, nothing is written.
        epoch: number of the first epoch.
        listed: up to where an earlier connection has played a live playlist; None for the first one.
    """

    camera: CameraSettings
    windows: WindowSettings
    data: Path
    min_free_bytes: int = 0
    epoch: int = 0
    listed: PlaylistPosition | None = None


class _Reporter:
    """The pipe, shared by the capture loop and the heartbeat; a broken pipe ends the loop."""

    def __init__(self, pipe: Connection[Report, Any]) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def send(self, report: Report) -> None:
        with self._lock:
            self._pipe.send(report)


def run(handle: int, parent_pid: int) -> None:
    """Run the camera's process: receive its job over the pipe of this handle, and watch the camera."""
    pipe = become_child(handle, parent_pid)
    reporter = _Reporter(pipe)
    try:
        try:
            reporter.send(_watch(pipe, reporter, pipe.recv()))
        except SourceError as error:
            reporter.send(Ended.of(error))
    except (EOFError, BrokenPipeError):
        return  # the main process has ended


def _watch(pipe: Connection[Report, Any], reporter: _Reporter, job: CameraJob) -> Ended:
    camera = job.camera
    reporter.send(Opening())
    if job.listed is not None:
        from stream.web.playlist import await_segment  # noqa: PLC0415  # an HTTP client, which few cameras need

        await_segment(camera.source, job.listed.seen, lambda seen: reporter.send(PlaylistPosition(seen)))
        reporter.send(Opening())
    channels = Channels()
    main = source = _open_main(camera, channels)
    if main.info.live and main.info.playlist:
        reporter.send(PlaylistPosition())
    if camera.detect_source is not None:
        source = _opened_to_detect(camera.detect_source, camera)
    threading.Thread(target=_obey, args=(pipe, source, channels), daemon=True).start()
    clips = BufferClips(main, job.data / CLIPS / camera.name, job.windows.window_s)
    other_clips = None if main is source else MainStreamClips(main, source, clips)
    capture = Capture(
        source,
        camera.name,
        job.windows,
        other_clips or clips,
        job.data / KEYFRAMES / camera.name,
        arrivals=source,
        space=FreeSpace(job.data, job.min_free_bytes),
        epoch=job.epoch,
        on_frame=FrameView(channels).push,
    )
    threading.Thread(target=_beat, args=(reporter, capture, source), daemon=True).start()
    try:
        for seen in capture.run():
            reporter.send(seen)
    finally:
        if other_clips:
            other_clips.close()
        reporter.send(_beat_of(capture, source))  # the final counters
    failure = capture.failure or (other_clips and other_clips.failure)
    if failure:
        return Ended.of(failure)
    if source.info.live and not source.stopped:
        return Ended("the stream ended", retryable=True)
    return Ended()


def _open_main(camera: CameraSettings, channels: Channels) -> ThreadedSource:
    """Open what is kept and watched live."""
    source = open_live(camera.source, camera.transport, loop=camera.loop, poll_s=camera.poll_s)
    return ThreadedSource(source, on_packet=PacketView(channels, source).push)


def _opened_to_detect(address: str, camera: CameraSettings) -> ThreadedSource:
    try:
        return ThreadedSource(open_live(address, camera.transport, loop=camera.loop))
    except SourceError as error:
        reason = f"its detect_source: {error.reason}"
        raise SourceError(error.address, reason, fault=error.fault, retryable=error.retryable) from error


def _obey(pipe: Connection[Report, Any], source: ThreadedSource, channels: Channels) -> None:
    """Open what the main process wants to see; stop the source at any other message, or at its end."""
    with suppress(EOFError, OSError):
        while isinstance(message := pipe.recv(), ViewRequest):
            channels.open(message.kind, socket.socket(fileno=recv_handle(pipe)))
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
