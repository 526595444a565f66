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

# How long a clip waits for its end: the main stream may arrive a little later than the analysed one.
MAX_WAIT_S = 0.3


class MainStreamClips:
    """A Clipper that buffers the main stream's packets, undecoded, and cuts clips for the analysed stream.

    Each stream has a time of its own; they are aligned by the arrival of their packets. When the main stream
    ends, fails, stalls or starts over, the analysed one is stopped too: its open window is closed, with its
    clip, and both are opened again.

    Attributes:
        failure: why the main stream ended; None before, and when it is a file that came to its end.
    """

    def __init__(
        self,
        main: ThreadedSource,
        analysed: ThreadedSource,
        clips: BufferClips,
        *,
        silent_s: float = READ_TIMEOUT_S,
    ) -> None:
        """Cut by ``clips``, which are the main stream's; no packet for ``silent_s`` is a failure.

        The thread that reads the main stream starts now.
        """
        self._main = main
        self._analysed = analysed
        self._clips = clips
        self._silent_s = silent_s
        self._main_clock, self._analysed_clock = ArrivalClock(), ArrivalClock()
        self._parameters: frozenset[bytes] = frozenset()
        self._length_bytes = length_bytes(main.video.codec_context.extradata)
        self._came_s = time.monotonic()
        self._changed = threading.Condition()
        self.failure: SourceError | None = None
        self._thread = threading.Thread(target=self._read_all, name="main stream", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the main stream, and wait until its thread has let go of it."""
        self._main.stop()
        self._thread.join()

    def _read_all(self) -> None:
        try:
            for packet in self._main.packets():
                with self._changed:
                    if self._breaks(packet):
                        self._fail("its main stream starts over")
                        return
                    self._take(packet)
                    self._changed.notify_all()
            if self._main.info.live:
                self._fail("its main stream ended")
            else:
                self._analysed.stop()  # a file ends with the first of its streams
        except SourceError as error:
            self._fail(error.reason, fault=error.fault, retryable=error.retryable)

    def _breaks(self, packet: Packet[Stream]) -> bool:
        """Whether another timeline or other codec parameters begin here: clips do not reach over that."""
        if packet.stream.type != "video":
            return False
        at_s = shown_s(packet)
        jumps = at_s is not None and self._main_clock.jumps_to(at_s)
        return jumps or self._changes(packet)

    def _take(self, packet: Packet[Stream]) -> None:
        if packet.stream.type == "video":
            self._came_s = time.monotonic() - self._main.behind_s
            at_s = shown_s(packet)
            if at_s is not None:
                self._main_clock.note_arrival(at_s, self._came_s, timely=_is_timely(packet))
        self._clips.push(packet)

    def _changes(self, packet: Packet[Stream]) -> bool:
        """Whether the codec parameters change; found for H.264 only."""
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
        """Packets of the main stream that the buffer's byte cap has dropped."""
        return self._clips.dropped

    def push(self, packet: Packet[Stream]) -> None:
        """Note the arrival of a packet of the analysed stream."""
        came_s = time.monotonic() - self._analysed.behind_s
        at_s = shown_s(packet)
        if packet.stream.type == "video" and at_s is not None:
            with self._changed:
                self._analysed_clock.note_arrival(at_s, came_s, timely=_is_timely(packet))
        if time.monotonic() - self._came_s > self._silent_s:
            reason = f"nothing of its main stream for {self._silent_s:g} s"
            self._fail(reason, fault=SourceFault.STALLED)

    def discard(self, packet: Packet[Stream]) -> None:
        """Do nothing: packets of the analysed stream are not in the clips."""

    def start_over(self, at_s: float | None) -> None:
        """Drop the packets before the new epoch, which begins at this time of the analysed stream."""
        with self._changed:
            shift_s = self._shift_s()
            self._clips.start_over(None if at_s is None or shift_s is None else at_s + shift_s)

    def clip(self, name: str, media_start_s: float, start_s: float, end_s: float) -> Clip | None:
        """Write the clip of media time [start_s, end_s); return None where the buffer holds nothing of it.

        Raises MediaError.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._reaches(media_start_s + end_s), MAX_WAIT_S)
            shift_s = self._shift_s()
            return (
                None if shift_s is None else self._clips.clip(name, media_start_s + shift_s, start_s, end_s)
            )

    def _reaches(self, analysed_s: float) -> bool:
        shift_s, newest_s = self._shift_s(), self._main_clock.newest_s
        return shift_s is not None and newest_s is not None and newest_s >= analysed_s + shift_s

    def _shift_s(self) -> float | None:
        """What to add to a time of the analysed stream; None while the epoch of one is unknown."""
        if self._analysed_clock.stream_epoch_s is None or self._main_clock.stream_epoch_s is None:
            return None
        return self._analysed_clock.stream_epoch_s - self._main_clock.stream_epoch_s


def _is_timely(packet: Packet[Stream]) -> bool:
    """Whether it arrives no earlier than it is displayed, as frames that others refer to may."""
    stream = packet.stream
    return packet.is_keyframe or (isinstance(stream, VideoStream) and not stream.codec_context.has_b_frames)
