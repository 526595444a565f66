"""Clips of a camera's main stream while its small stream is analysed."""

from __future__ import annotations

import threading
import time

from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from analyzer.signal.window import Clip
from livereel.camera.clips import BufferClips
from stream.codec.h264 import in_band, length_bytes
from stream.container import READ_TIMEOUT_S
from stream.source import SourceError, SourceFault
from stream.threaded import ThreadedSource
from stream.timing.arrival_clock import ArrivalClock
from stream.timing.timestamps import shown_s

# The main stream may come a little later than the one that is analysed: a clip waits so long for its end.
MAX_WAIT_S = 0.3


class MainStreamClips:
    """A Clipper that keeps the main stream's packets, undecoded, and cuts what the other stream shows.

    The two are brought together by when their packets come, as each has a time of its own. When the main
    stream ends, fails, falls silent or starts over the other is stopped too: its open window is closed, with
    its clip, and both begin anew.

    Attributes:
        failure: why the main stream ended; None while it goes on, or when a file has come to its end.
    """

    def __init__(
        self,
        main: ThreadedSource,
        analysed: ThreadedSource,
        clips: BufferClips,
        *,
        silent_s: float = READ_TIMEOUT_S,
    ) -> None:
        """Cut by ``clips``, which are the main stream's; a silence of ``silent_s`` is a failure.

        The thread that keeps the main stream's packets starts now.
        """
        self._main = main
        self._analysed = analysed
        self._clips = clips
        self._silent_s = silent_s
        self._theirs, self._ours = ArrivalClock(), ArrivalClock()
        self._parameters: frozenset[bytes] = frozenset()
        self._length_bytes = length_bytes(main.video.codec_context.extradata)
        self._came_s = time.monotonic()
        self._news = threading.Condition()
        self.failure: SourceError | None = None
        self._thread = threading.Thread(target=self._keep_all, name="main stream", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the main stream, and wait for the thread: it reads what may be closed then."""
        self._main.stop()
        self._thread.join()

    def _keep_all(self) -> None:
        try:
            for packet in self._main.packets():
                with self._news:
                    if self._breaks(packet):
                        self._fail("its main stream starts over")
                        return
                    self._keep(packet)
                    self._news.notify_all()
            if self._main.info.live:
                self._fail("its main stream ended")
            else:
                self._analysed.stop()  # a film is over when one of its streams is
        except SourceError as error:
            self._fail(error.reason, fault=error.fault, retryable=error.retryable)

    def _breaks(self, packet: Packet[Stream]) -> bool:
        """Whether the pictures are of another time or kind from this one on: nothing is joined over that."""
        if packet.stream.type != "video":
            return False
        at_s = shown_s(packet)
        jumps = at_s is not None and self._theirs.jumps_to(at_s)
        return jumps or self._changes(packet)

    def _keep(self, packet: Packet[Stream]) -> None:
        if packet.stream.type == "video":
            self._came_s = time.monotonic() - self._main.behind_s
            at_s = shown_s(packet)
            if at_s is not None:
                self._theirs.see(at_s, self._came_s, tells=_is_timely(packet))
        self._clips.push(packet)

    def _changes(self, packet: Packet[Stream]) -> bool:
        """Whether the pictures are of another kind; only H.264 tells."""
        if not packet.is_keyframe or self._main.video.codec_context.name != "h264":
            return False
        new = in_band(bytes(packet), self._length_bytes)
        before, self._parameters = self._parameters, new or self._parameters
        return bool(before) and before != self._parameters

    def _fail(self, reason: str, *, fault: SourceFault = SourceFault.DOWN, retryable: bool = True) -> None:
        if self.failure is None:
            self.failure = SourceError(self._main.info.address, reason, fault=fault, retryable=retryable)
        self._analysed.stop()

    @property
    def dropped(self) -> int:
        """Packets of the main stream that the buffer's limit in bytes has cost."""
        return self._clips.dropped

    def push(self, packet: Packet[Stream]) -> None:
        """See a packet of the stream that is analysed; only its time matters."""
        came_s = time.monotonic() - self._analysed.behind_s
        at_s = shown_s(packet)
        if packet.stream.type == "video" and at_s is not None:
            with self._news:
                self._ours.see(at_s, came_s, tells=_is_timely(packet))
        if time.monotonic() - self._came_s > self._silent_s:
            reason = f"nothing of its main stream for {self._silent_s:g} s"
            self._fail(reason, fault=SourceFault.STALLED)

    def forget(self, packet: Packet[Stream]) -> None:
        """What no decoder takes of the other stream is not in the clips."""

    def start_over(self, at_s: float | None) -> None:
        """Keep only what belongs to the new epoch, which begins at this time of the analysed stream."""
        with self._news:
            shift_s = self._shift_s()
            self._clips.start_over(None if at_s is None or shift_s is None else at_s + shift_s)

    def clip(self, name: str, media_start_s: float, start_s: float, end_s: float) -> Clip | None:
        """Write the clip of media time [start_s, end_s); None where nothing of that time was kept.

        Raises MediaError.
        """
        with self._news:
            self._news.wait_for(lambda: self._reaches(media_start_s + end_s), MAX_WAIT_S)
            shift_s = self._shift_s()
            return (
                None if shift_s is None else self._clips.clip(name, media_start_s + shift_s, start_s, end_s)
            )

    def _reaches(self, analysed_s: float) -> bool:
        shift_s, newest_s = self._shift_s(), self._theirs.newest_s
        return shift_s is not None and newest_s is not None and newest_s >= analysed_s + shift_s

    def _shift_s(self) -> float | None:
        """What to add to a time of the analysed stream; None while one of the two has not told its own."""
        if self._ours.stream_epoch_s is None or self._theirs.stream_epoch_s is None:
            return None
        return self._ours.stream_epoch_s - self._theirs.stream_epoch_s


def _is_timely(packet: Packet[Stream]) -> bool:
    """Whether it comes no earlier than it is to be shown, as what others build on may."""
    stream = packet.stream
    return packet.is_keyframe or (isinstance(stream, VideoStream) and not stream.codec_context.has_b_frames)
