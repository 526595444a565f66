"""A camera that serves single pictures, which are polled."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction

import av
import av.error
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from stream.address import redact
from stream.read_guard import ReadGuard
from stream.source import SourceError, SourceInfo
from stream.web.http import Answer, Web

# First bytes of each kind of picture, its name, and bytes near the end of a complete one.
_JPEG, _PNG = "JPEG", "PNG"
_KINDS = ((b"\xff\xd8\xff", _JPEG, b"\xff\xd9"), (b"\x89PNG\r\n\x1a\n", _PNG, b"IEND"))
_QUALITY = 92
# Padding or a signature may follow those.
_TAIL_BYTES = 4096
_TICK = Fraction(1, 90_000)
# Busy cameras refuse a request now and then; after this many failures in a row the camera is down.
_MAX_FAILED = 2


class SnapshotSource:
    """A PacketSource over the address of a single picture (JPEG or PNG), fetched every ``poll_s``.

    An unchanged picture is repeated as a frame. Times are those of arrival. PNG is converted to JPEG, as MP4
    cannot hold it.

    Attributes:
        warning: states how often the picture is fetched.
    """

    audio: AudioStream | None = None

    def __init__(self, address: str, *, poll_s: float) -> None:
        """Fetch the first picture; raises SourceError, also where the response is none."""
        self._name = redact(address)
        self._poll_s = poll_s
        self._web = Web(address)
        self._first = self._web.get()
        self._kind = self._kind_of(self._first)
        self._picture = self._jpeg(self._first)
        self._container = self._opened(self._picture)
        self.video = self._container.streams.video[0]
        self.video.time_base = _TICK
        context = self.video.codec_context
        self.info = SourceInfo(
            address=self._name,
            codec=context.name,
            width_px=context.width,
            height_px=context.height,
            fps=1 / poll_s,
            duration_s=None,
            start_utc=datetime.now(UTC),
            live=True,
            file=None,
        )
        self.warning: str | None = f"a single picture is served there: it is fetched each {poll_s:g} s"
        self._guard = ReadGuard(self._container.close)

    def _kind_of(self, answer: Answer) -> str:
        """Return the picture's kind; raises SourceError where it is no complete picture."""
        for start, kind, end in _KINDS:
            if answer.body.startswith(start):
                if end not in answer.body[-_TAIL_BYTES:]:
                    raise SourceError(self._name, "its picture is cut off", retryable=True)
                return kind
        found = f" but {answer.kind}" if answer.kind else ""
        raise SourceError(self._name, f"not a JPEG or PNG picture{found}", retryable=True)

    def _jpeg(self, answer: Answer) -> bytes:
        if self._kind == _JPEG:
            return answer.body
        picture = cv2.imdecode(np.frombuffer(answer.body, np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            raise SourceError(self._name, "its picture is damaged", retryable=True)
        _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        return jpeg.tobytes()

    def _opened(self, picture: bytes) -> InputContainer:
        try:
            return av.open(io.BytesIO(picture), mode="r", format="jpeg_pipe")
        except av.error.FFmpegError as error:
            raise SourceError(self._name, "its picture is damaged", retryable=True) from error

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield a packet for each fetch; raises SourceError when the camera does not answer any more."""
        return self._guard.until_closed(self._fetched())

    def _fetched(self) -> Iterator[Packet[Stream]]:
        begun_s = due_s = time.monotonic()
        answer, failed = self._first, 0
        yield self._packet(0.0)
        while True:
            due_s = max(due_s + self._poll_s, time.monotonic())
            if self._guard.closed.wait(due_s - time.monotonic()):
                return
            try:
                answer = self._next(answer)
            except SourceError as error:
                failed += 1
                if failed == _MAX_FAILED or not error.retryable:
                    raise
                continue
            failed = 0
            yield self._packet(time.monotonic() - begun_s)

    def _next(self, before: Answer) -> Answer:
        answer = self._web.get(before.tags)
        if answer.unchanged:
            return before
        if self._kind_of(answer) != self._kind:
            raise SourceError(self._name, "its pictures have changed their kind", retryable=True)
        self._picture = self._jpeg(answer)
        return answer

    def _packet(self, at_s: float) -> Packet[Stream]:
        packet: Packet[Stream] = Packet(self._picture)
        packet.stream, packet.time_base = self.video, _TICK
        packet.pts = packet.dts = round(at_s / _TICK)
        packet.duration = round(self._poll_s / _TICK)
        packet.is_keyframe = True
        return packet

    def close(self) -> None:
        """Stop fetching; may be called from any thread. The memory is released with the last packet."""
        self._guard.close()
