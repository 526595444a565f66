"""The drawn camera as a stream of bytes."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import cv2
import numpy as np
from av.container import OutputContainer

from synthetic.paint.patch import Image
from synthetic.scene import Scene
from synthetic.sensor import photograph
from synthetic.sound import RATE_HZ, Soundscape

_GOP_S = 1.0  # so that clips can be cut without re-encoding close to their intended start
_BLOCK = 1024  # samples in one AAC frame
_AUDIO_BITS = 48_000  # a second
# No B-frames and no look-ahead: the packets of a frame are available at once.
_X264 = {"preset": "veryfast", "tune": "zerolatency", "crf": "24", "sc_threshold": "0"}


class SyntheticCamera(io.RawIOBase):
    """MPEG-TS with H.264 and, if the scene has sound, AAC: drawn and encoded as far as it is read.

    It cannot seek, holds little more than one frame's bytes, and never waits: who wants it live paces it
    by its timestamps. It ends after the scene's duration. Not for two threads at once.
    """

    _transport: _Transport | None = None  # None until it is opened; close() is called even if that fails

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self._outbox = _Outbox()
        self._transport = _Transport(scene, self._outbox)

    def readable(self) -> bool:
        """Return True: the file is only read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # no Buffer in 3.11
        """Fill the buffer with the bytes of the next frames; returns 0 at the end of the stream."""
        if self.closed or self._transport is None:
            raise ValueError("read from a closed camera")
        while not self._outbox.waiting and self._transport.advance():
            pass
        return self._outbox.take(memoryview(buffer).cast("B"))

    def close(self) -> None:
        """Release the encoders. Safe to call twice."""
        if not self.closed and self._transport is not None:
            self._transport.close()
        super().close()


class _Outbox:
    """The file that the muxer writes to; its bytes are kept until they are read."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def write(self, data: bytes) -> int:
        self.waiting += data
        return len(data)

    def take(self, room: memoryview) -> int:
        count = min(len(room), len(self.waiting))
        room[:count] = self.waiting[:count]
        del self.waiting[:count]
        return count


class _Transport:
    """Draws, encodes and muxes a scene frame by frame."""

    def __init__(self, scene: Scene, outbox: _Outbox) -> None:
        self._scene = scene
        self._rate = Fraction(scene.fps).limit_denominator(1001)
        self._next_frame = 0
        self._open = True
        # Every packet is flushed at once, or the muxer would delay a quiet scene by seconds.
        self._container = av.open(outbox, "w", format="mpegts", options={"flush_packets": "1"})
        self._video = self._container.add_stream("libx264", rate=self._rate, options=_X264)
        self._video.width, self._video.height, self._video.pix_fmt = scene.width, scene.height, "yuv420p"
        self._video.codec_context.gop_size = max(1, round(_GOP_S * scene.fps))
        self._video.codec_context.thread_count = 1
        self._audio = _Audio(scene, self._container) if scene.audio else None

    def advance(self) -> bool:
        """Encode the next frame and its sound; returns False at the end."""
        if not self._open:
            return False
        if self._ended():
            self.close()
            return True
        frame = av.VideoFrame.from_ndarray(_yuv(photograph(self._scene, self._next_frame)), format="yuv420p")
        frame.pts, frame.time_base = self._next_frame, 1 / self._rate
        self._next_frame += 1
        self._container.mux(self._video.encode(frame))
        if self._audio is not None:
            self._audio.advance(float(self._next_frame / self._rate))
        return True

    def close(self) -> None:
        """Flush and release the encoders. Safe to call twice."""
        if not self._open:
            return
        self._open = False
        self._container.mux(self._video.encode(None))
        if self._audio is not None:
            self._audio.flush()
        self._container.close()

    def _ended(self) -> bool:
        duration_s = self._scene.duration_s
        return duration_s is not None and self._next_frame >= round(duration_s * self._rate)


class _Audio:
    """The sound of a scene as AAC in a container."""

    def __init__(self, scene: Scene, container: OutputContainer) -> None:
        self._soundscape = Soundscape(scene)
        self._container = container
        self._stream = container.add_stream("aac", rate=RATE_HZ, layout="mono")
        self._stream.bit_rate = _AUDIO_BITS
        self._next_sample = 0

    def advance(self, until_s: float) -> None:
        """Encode all whole blocks that begin before this time."""
        while self._next_sample < until_s * RATE_HZ:
            samples = self._soundscape.samples(self._next_sample, _BLOCK)
            frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self._next_sample, Fraction(1, RATE_HZ)
            self._next_sample += _BLOCK
            self._container.mux(self._stream.encode(frame))

    def flush(self) -> None:
        self._container.mux(self._stream.encode(None))


def _yuv(picture: Image) -> Image:
    """Convert BGR to planar YUV 4:2:0 of BT.601, which is far cheaper here than FFmpeg's conversion."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), dtype=np.uint8)
