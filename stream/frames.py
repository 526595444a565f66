"""Packets to frames: the luma plane at analysis size, and a colour picture on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import av.error
import cv2
import numpy as np
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from stream.access import access
from stream.demux import follows_loss
from stream.discontinuity import JUMP_AHEAD_S, JUMP_BACK_S
from stream.frame_skip import Thinner

# One core a camera: OpenCV's own threads would only wait for each other on pictures this small.
cv2.setNumThreads(1)

# A stream that never holds a whole keyframe has no picture that is called whole: after so many in a row
# they are taken as they are.
MAX_BROKEN = 25
# So many usual steps ahead are a pause.
_JUMP_FRAMES = 3
# Readers of transport streams mark a packet that is done before those that are lost.
_DAMAGE_SLACK_S = 0.5

_PROGRESSIVE = 1  # AVFieldOrder, libavcodec/codec_par.h

# Decoded pictures that wait to be handed out together, at most.
MAX_HELD = 16

_ROTATIONS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
# Pixel formats whose first plane is the picture's luma, by bits a sample.
_LUMA_BITS = {
    **dict.fromkeys(("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"), 8),
    **dict.fromkeys(("nv12", "nv21", "gray", "yuv411p", "yuv410p", "yuv440p", "yuvj440p", "yuva420p"), 8),
    **dict.fromkeys(("yuv420p10le", "yuv422p10le", "yuv444p10le", "gray10le"), 10),
    **dict.fromkeys(("yuv420p12le", "yuv422p12le", "yuv444p12le", "gray12le"), 12),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame.

    Attributes:
        pts_s: media time since the decoder's first frame, strictly growing.
        luma: uint8 (height_px, width_px) at analysis size, upright.
        image: the decoder's own frame; it pins decoder memory, so keep few.
        after_damage: packets between the frame before and this one were damaged or lost.
    """

    pts_s: float
    luma: NDArray[np.uint8]
    image: VideoFrame
    after_damage: bool = False

    @property
    def source_size_px(self) -> tuple[int, int]:
        """Width and height of the source's picture, upright."""
        size = (self.image.width, self.image.height)
        return size[::-1] if self.image.rotation % 180 else size

    def picture(self, max_side_px: int) -> NDArray[np.uint8]:
        """Return the colour picture, upright, BGR uint8 (H, W, 3), its longer side at most max_side_px."""
        scale = min(1.0, max_side_px / max(self.image.width, self.image.height))
        width, height = (
            max(2, round(side * scale / 2) * 2) for side in (self.image.width, self.image.height)
        )
        bgr = self.image.reformat(width, height, "bgr24", interpolation="AREA").to_ndarray()
        return _upright(bgr.astype(np.uint8, copy=False), self.image.rotation)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a packet gave.

    Attributes:
        frames: of this epoch.
        rest: what belongs to another, as the timestamps started over or the picture's size changed: for
            a new decoder to ``take``. The old one is of no more use then.
    """

    frames: tuple[Frame, ...]
    rest: tuple[VideoFrame, ...] = ()


class FrameDecoder:
    """Decodes one video stream of one epoch; damaged packets are counted, not raised.

    Attributes:
        first_s: the stream time of the first packet that is to be shown; None before it.
        zero_s: the stream time at which media time begins; None before the first frame.
        damaged: packets that could not be decoded whole so far.
        refused: those of them that gave nothing at all.
        thinned: packets that were not decoded, as their picture would have been left out.
    """

    def __init__(
        self,
        video: VideoStream,
        width_px: int,
        height_px: int,
        *,
        held_bytes: int = 0,
        max_fps: float | None = None,
    ) -> None:
        """Decode to frames of analysis size.

        Args:
            video: the stream.
            width_px, height_px: analysis size.
            held_bytes: how much of decoded pictures may wait to be handed out together: what is done
                with them finds the processor's caches warm. 0 hands each out at once.
            max_fps: of a faster stream, frames closer together than this are left out, and not even
                decoded where nothing else builds on them, which may leave half as many; None hands out all.
        """
        self._context: VideoCodecContext = video.codec_context
        if not self._context.is_open:
            # Frames predicted both ways go without deblocking: a tenth of the work on many streams. It
            # is unseen at analysis size, and what error it makes ends with them, as the frames that all
            # others build on are whole.
            self._context.options = {**self._context.options, "skip_loop_filter": "bidir"}
        self._size = (width_px, height_px)
        self._frame_s = float(1 / rate) if (rate := video.average_rate) else 0.04
        # A frame that the decoder gives up only at the end does not carry its time base.
        self._tick_s = float(video.time_base or Fraction(1, 90_000))
        self._source_size: tuple[int, int] | None = None
        self._last_s = -self._frame_s
        self._packet_s: float | None = None
        self._damage_s: tuple[float, float] | None = None  # stream time of the newest damage, from and to
        self.first_s: float | None = None
        self.zero_s: float | None = None
        self.damaged = 0
        self.refused = 0
        self.thinned = 0
        self._broken = 0  # such pictures in a row
        self._held: list[VideoFrame] = []
        self._held_bytes = held_bytes
        # A tenth less, for times that are rounded or jitter.
        self._least_s = 0.9 / max_fps if max_fps else 0.0
        self._handed_s: float | None = None
        self._stands_s = 0.0  # how long the newest frame is shown, as it says itself
        # Of interlaced pictures, half a one would be left out.
        tells = self._context.name == "h264" and self._context.field_order == _PROGRESSIVE
        self._thinner = Thinner(self._least_s) if max_fps and tells else None
        self._after_damage = False  # since the last frame handed out

    @property
    def ends_s(self) -> float | None:
        """Media time at which the newest frame ends, if it was left out; None if it was handed out."""
        left_out = self._handed_s is not None and self._last_s > self._handed_s
        return self._last_s + self._frame_s if left_out else None

    @property
    def stands_to_s(self) -> float | None:
        """Media time until which the newest frame is shown, by its own duration; None where it has none."""
        return self._last_s + self._stands_s if 0 < self._stands_s < JUMP_AHEAD_S else None

    def decode(self, packet: Packet[Stream] | None) -> Decoded:
        """Decode a packet, or flush with None."""
        if packet is not None:
            self._note(packet)
            if self._skips(packet):
                self.thinned += 1
                return Decoded(())
        try:
            self._held += self._context.decode(packet)
        except (av.error.FFmpegError, ValueError):
            self.damaged += 1
            self.refused += 1
            if self._packet_s is not None:
                self._note_damage(self._packet_s, self._packet_s)
        if packet is not None and self._may_wait():
            return Decoded(())
        images, self._held = self._held, []
        return self.take(images)

    def _skips(self, packet: Packet[Stream]) -> bool:
        """Whether nobody would look at the packet's picture, and none is made of it."""
        if self._thinner is None or packet.pts is None:
            return False
        return self._thinner.skips(packet.pts * self._tick_s, droppable=not access(packet).counts)

    def _may_wait(self) -> bool:
        if not self._held:
            return True
        # Three bytes for two pixels, as in 4:2:0 of 8 bits; near enough for others.
        frame_bytes = self._held[0].width * self._held[0].height * 3 // 2
        return len(self._held) < MAX_HELD and (len(self._held) + 1) * frame_bytes <= self._held_bytes

    def _note(self, packet: Packet[Stream]) -> None:
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None:
            return
        before_s, self._packet_s = self._packet_s, stamp * self._tick_s
        if self.first_s is None and not packet.is_discard:
            self.first_s = self._packet_s
        if follows_loss(packet):
            self._note_damage(self._packet_s if before_s is None else before_s, self._packet_s)

    def _note_damage(self, from_s: float, to_s: float) -> None:
        if self._damage_s is not None:
            from_s, to_s = min(from_s, self._damage_s[0]), max(to_s, self._damage_s[1])
        self._damage_s = (from_s, to_s)

    def take(self, images: Sequence[VideoFrame]) -> Decoded:
        """Take what another decoder of the stream has decoded."""
        frames: list[Frame] = []
        for nth, image in enumerate(images):
            if self._is_broken(image):
                continue
            at_s = self._place(image)
            if at_s is None:
                return Decoded(tuple(frames), tuple(images[nth:]))
            if self._handed_s is None or at_s - self._handed_s >= self._least_s:
                frames.append(self._frame(image, at_s))
        return Decoded(tuple(frames))

    def _is_broken(self, image: VideoFrame) -> bool:
        """Whether to leave out a picture that the decoder could make only in part."""
        self._broken = self._broken + 1 if image.is_corrupt else 0
        if not 0 < self._broken <= MAX_BROKEN:
            return False
        self.damaged += 1
        stream_s = self.stream_s(image)
        if stream_s is not None:
            self._note_damage(stream_s, stream_s)
        return True

    def stream_s(self, image: VideoFrame) -> float | None:
        """The stream's own time of an image; None where it has none."""
        return None if image.pts is None else image.pts * self._tick_s

    def _place(self, image: VideoFrame) -> float | None:
        """Return an image's media time in this epoch; None where it belongs to another."""
        size = (image.width, image.height)
        if size != (self._source_size or size):
            return None
        self._source_size = size
        stream_s = self.stream_s(image)
        if self.zero_s is None:
            self.zero_s = stream_s or 0.0
        pts_s = self._last_s + self._frame_s if stream_s is None else stream_s - self.zero_s
        # A time-lapse may have its frames further apart than another stream's clock jumps.
        ahead_s = max(JUMP_AHEAD_S, _JUMP_FRAMES * self._frame_s)
        if not self._last_s - JUMP_BACK_S <= pts_s <= max(self._last_s, 0.0) + ahead_s:
            return None
        self._stands_s = (image.duration or 0) * self._tick_s
        self._after_damage = self._is_after_damage(pts_s + self.zero_s) or self._after_damage
        # Frames out of order by a frame or two (packed B-frames in AVI) keep their order of arrival.
        self._last_s = pts_s if pts_s > self._last_s else self._last_s + 1e-3
        return self._last_s

    def _frame(self, image: VideoFrame, at_s: float) -> Frame:
        after_damage, self._after_damage = self._after_damage, False
        self._handed_s = at_s
        return Frame(at_s, _luma(image, *self._size), image, after_damage)

    def _is_after_damage(self, stream_s: float) -> bool:
        """Whether there was damage since the last frame; what lies before this one is forgotten."""
        if self._damage_s is None:
            return False
        from_s, to_s = self._damage_s
        if to_s < stream_s - _DAMAGE_SLACK_S:
            self._damage_s = None
        return from_s <= stream_s and to_s >= self._last_s + (self.zero_s or 0.0) - _DAMAGE_SLACK_S


def _luma(image: VideoFrame, width_px: int, height_px: int) -> NDArray[np.uint8]:
    rotation = image.rotation % 360
    size = (height_px, width_px) if rotation in {90, 270} else (width_px, height_px)
    bits = _LUMA_BITS.get(image.format.name)
    if bits is None:
        gray = image.reformat(*size, "gray").to_ndarray().astype(np.uint8, copy=False)
        return _upright(gray, rotation)
    plane = image.planes[0]
    rows: NDArray[np.uint8 | np.uint16] = np.frombuffer(
        memoryview(plane), np.dtype(np.uint8 if bits == 8 else np.uint16)
    )
    rows = rows.reshape(-1, plane.line_size // rows.itemsize)[: image.height, : image.width]
    # Of a large picture every row would be fetched from memory, and few are looked at.
    step = max(1, image.height // size[1])
    if step > 1:
        rows = np.ascontiguousarray(rows[step // 2 :: step])
    small = np.asarray(cv2.resize(rows, size, interpolation=cv2.INTER_LINEAR), rows.dtype)
    levels = small if bits == 8 else small >> (bits - 8)
    return _upright(levels.astype(np.uint8, copy=False), rotation)


def _upright(picture: NDArray[np.uint8], rotation_deg: int) -> NDArray[np.uint8]:
    turn = _ROTATIONS.get(rotation_deg % 360)
    return picture if turn is None else cv2.rotate(picture, turn).astype(np.uint8, copy=False)
