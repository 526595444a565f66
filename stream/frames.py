"""Decode packets to frames: the luma plane at analysis size, a colour picture on request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import av.error
import cv2
import numpy as np
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.stream import VideoStream
from numpy.typing import NDArray

from stream.codec.random_access import access
from stream.codec.wholeness import Wholeness
from stream.demux import follows_loss
from stream.frame_skip import FrameSkipper
from stream.media.display import Display, Size, display_of
from stream.media.picture import upright_bgr
from stream.timing.discontinuity import JUMP_AHEAD_S, JUMP_BACK_S

# One core a camera: OpenCV's own threads would only wait for each other on pictures this small.
cv2.setNumThreads(1)

# So many usual steps ahead are a pause.
_JUMP_FRAMES = 3
# Readers of transport streams mark a packet that is done before those that are lost.
_DAMAGE_SLACK_S = 0.5

_PROGRESSIVE = 1  # AVFieldOrder, libavcodec/codec_par.h

# Decoded pictures that wait to be handed out together, at most.
MAX_HELD = 16
# And those of which it is not known yet whether they are noise.
MAX_DOUBTED_BYTES = 64_000_000
# What the decoded frames between two that are measured may hold of memory: 16 of 1080p.
PASSED_BYTES = 50_000_000

# Pixel formats whose first plane is the picture's luma, by bits a sample.
_LUMA_BITS = {
    **dict.fromkeys(("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"), 8),
    **dict.fromkeys(("nv12", "nv21", "gray", "yuv411p", "yuv410p", "yuv440p", "yuvj440p", "yuva420p"), 8),
    **dict.fromkeys(("yuv420p10le", "yuv422p10le", "yuv444p10le", "gray10le"), 10),
    **dict.fromkeys(("yuv420p12le", "yuv422p12le", "yuv444p12le", "gray12le"), 12),
}
# Colour is looked at in every sixth pixel of the analysis picture, in frames so far apart, a tenth less.
CHROMA_STEP_PX = 6
CHROMA_S = 0.18


@dataclass(frozen=True, slots=True)
class Passed:
    """A frame that was decoded and is not measured, as it is too near to the one before.

    Attributes:
        pts_s: media time, as of a Frame.
        image: the decoder's own frame; it pins decoder memory.
        display: as of a Frame.
    """

    pts_s: float
    image: VideoFrame
    display: Display

    def frame(self, width_px: int, height_px: int) -> Frame:
        """Return it as a frame of this analysis size."""
        luma = _luma(self.image, self.display, width_px, height_px)
        return Frame(self.pts_s, luma, self.image, display=self.display)


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame.

    Attributes:
        pts_s: media time since the decoder's first frame, strictly growing.
        luma: uint8 (height_px, width_px) at analysis size, upright.
        image: the decoder's own frame; it pins decoder memory, so keep few.
        after_damage: packets between the frame before and this one were damaged or lost.
        display: how the source's frame is displayed.
        step: how many frames of the source later than the frame before it is; 1 where all are measured.
        passed: the decoded ones among the frames between, in time order, the newest where they are many.
        chroma: uint8 (height_px // 6, width_px // 6, 2), both colour differences, upright; None where it
            was not asked for, the picture has no colour, or the last that had it is less than 0.2 s ago.
    """

    pts_s: float
    luma: NDArray[np.uint8]
    image: VideoFrame
    after_damage: bool = False
    display: Display = field(default_factory=Display)
    step: int = 1
    passed: tuple[Passed, ...] = ()
    chroma: NDArray[np.uint8] | None = None

    @property
    def source_size_px(self) -> tuple[int, int]:
        """Width and height of the displayed picture: upright, in square pixels."""
        size = self.display.size(self.image.width, self.image.height)
        return size.width, size.height

    def picture(self, max_side_px: int) -> NDArray[np.uint8]:
        """Return the displayed picture, BGR uint8 (H, W, 3), its longer side at most max_side_px."""
        return upright_bgr(self.image, self.display, max_side_px)


class _Doubted:
    """Frames between the first damage and the judgement, a second later, whether damage is all there is."""

    def __init__(self) -> None:
        self._frames: list[Frame] = []
        self._before_s: tuple[float, float | None] | None = None

    def add(self, frame: Frame, before_s: tuple[float, float | None]) -> None:
        """Take a frame; ``before_s`` are the times of the last frames before it."""
        self._before_s = self._before_s or before_s
        self._frames.append(frame)

    @property
    def is_full(self) -> bool:
        """Whether they pin as much memory as may be."""
        if not self._frames:
            return False
        image = self._frames[0].image
        return len(self._frames) * image.width * image.height * 3 // 2 >= MAX_DOUBTED_BYTES

    def take(self) -> tuple[list[Frame], tuple[float, float | None] | None]:
        """All of them, and the times before the first; none are left."""
        taken = self._frames, self._before_s
        self._frames, self._before_s = [], None
        return taken


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
        media_start_s: the stream time at which media time begins; None before the first frame.
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
        chroma: bool = False,
    ) -> None:
        """Decode to frames of analysis size.

        Args:
            video: the stream.
            width_px, height_px: analysis size.
            held_bytes: how much of decoded pictures may wait to be handed out together: what is done
                with them finds the processor's caches warm. 0 hands each out at once. With ``max_fps``,
                only those that are left out wait, as the caches hold a picture best when it is new.
            max_fps: of a faster stream, frames closer together than this are left out, and not even
                decoded where nothing else builds on them, which may leave half as many; None hands out all.
            chroma: whether frames carry their colour, too.
        """
        self._context: VideoCodecContext = video.codec_context
        if not self._context.is_open:
            # Frames predicted both ways go without deblocking: a tenth of the work on many streams. It
            # is unseen at analysis size, and what error it makes ends with them, as the frames that all
            # others build on are whole.
            self._context.options = {**self._context.options, "skip_loop_filter": "bidir"}
        self._size = (width_px, height_px)
        self._pixel_aspect = video.sample_aspect_ratio
        self._display: Display | None = None
        self._rotation_deg = 0  # of the frame for which that was found
        self._chroma = chroma
        self._chroma_s = -CHROMA_S
        self._frame_s = float(1 / rate) if (rate := video.average_rate) else 0.04
        # A frame that the decoder gives up only at the end does not carry its time base.
        self._tick_s = float(video.time_base or Fraction(1, 90_000))
        self._source_size: tuple[int, int] | None = None
        self._last_s = -self._frame_s
        self._packet_s: float | None = None
        self._damage_s: tuple[float, float] | None = None  # stream time of the newest damage, from and to
        self.first_s: float | None = None
        self.media_start_s: float | None = None
        self.damaged = 0
        self.refused = 0
        self.thinned = 0
        self._wholeness = Wholeness()
        self._doubted = _Doubted()
        self._held: list[VideoFrame] = []
        self._held_bytes = held_bytes
        # A tenth less, for times that are rounded or jitter.
        self._least_s = 0.9 / max_fps if max_fps else 0.0
        self._handed_s: float | None = None
        self._stands_s = 0.0  # how long the newest frame is shown, as it says itself
        # Of interlaced pictures, half a one would be left out.
        tells = self._context.name == "h264" and self._context.field_order == _PROGRESSIVE
        self._thinner = FrameSkipper(self._least_s) if max_fps and tells else None
        self._after_damage = False  # since the last frame handed out
        self._passed: list[Passed] = []  # since then, too
        self._passed_by = 0  # how many were
        self._not_decoded: list[float] = []  # stream times of packets left out, until a later frame comes

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
                self._wholeness.add(self._packet_s, whole=False)
        if packet is not None and self._may_wait():
            return Decoded(())
        images, self._held = self._held, []
        decoded = self.take(images)
        if packet is None and not decoded.rest:
            return Decoded((*decoded.frames, *self._judged(trusted=self._wholeness.likely)))
        return decoded

    def _skips(self, packet: Packet[Stream]) -> bool:
        """Whether nobody would look at the packet's picture, and none is made of it."""
        if self._thinner is None or packet.pts is None:
            return False
        shown_s = packet.pts * self._tick_s
        skips = self._thinner.skips(shown_s, droppable=not access(packet).counts)
        if skips:
            self._not_decoded.append(shown_s)
        return skips

    def _may_wait(self) -> bool:
        """Whether the decoded pictures may wait: where some are left out, not one that is measured."""
        if not self._held:
            return True
        if self._least_s and self._is_due(self._held[-1]):
            return False
        # Three bytes for two pixels, as in 4:2:0 of 8 bits; near enough for others.
        frame_bytes = self._held[0].width * self._held[0].height * 3 // 2
        return len(self._held) < MAX_HELD and (len(self._held) + 1) * frame_bytes <= self._held_bytes

    def _is_due(self, image: VideoFrame) -> bool:
        """Whether a picture is late enough after the one handed out last to be the next."""
        stream_s = self.stream_s(image)
        if self._handed_s is None or self.media_start_s is None or stream_s is None:
            return True
        return stream_s - self.media_start_s - self._handed_s >= self._least_s

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
            broken = self._is_broken(image)
            if not self._wholeness.doubtful or self._doubted.is_full:
                frames += self._judged(trusted=self._wholeness.trusted)
            if broken:
                continue
            before_s = self._last_s, self._handed_s
            at_s = self._place(image)
            if at_s is None:
                frames += self._judged(trusted=self._wholeness.likely)
                return Decoded(tuple(frames), tuple(images[nth:]))
            if self._handed_s is None or at_s - self._handed_s >= self._least_s:
                frame = self._frame(image, at_s)
                if self._wholeness.doubtful and (self._held_bytes or before_s[1] is not None):
                    self._doubted.add(frame, before_s)
                else:
                    frames.append(frame)
            else:
                self._pass_by(image, at_s)
        return Decoded(tuple(frames))

    def _judged(self, *, trusted: bool) -> list[Frame]:
        """The frames that were in doubt, if they are shown after all."""
        frames, before_s = self._doubted.take()
        if trusted or before_s is None:
            return frames
        self._last_s, self._handed_s = before_s
        self._after_damage = True
        self.damaged += len(frames)
        return []

    def _is_broken(self, image: VideoFrame) -> bool:
        """Whether to leave out a picture: it was made only in part, or what it is built on was."""
        stream_s, whole = self.stream_s(image), not image.is_corrupt
        if stream_s is not None:
            self._wholeness.add(stream_s, whole=whole, key=image.key_frame)
        if whole and self._wholeness.trusted:
            return False
        self.damaged += 1
        if stream_s is not None:
            self._note_damage(stream_s, stream_s)
        return True

    def stream_s(self, image: VideoFrame) -> float | None:
        """The stream's own time of an image; None where it has none.

        A bare stream tells no times: its packets were numbered, or timed by arrival, in decoding order.
        """
        stamp = image.dts if image.pts is None else image.pts
        return None if stamp is None else stamp * self._tick_s

    def _place(self, image: VideoFrame) -> float | None:
        """Return an image's media time in this epoch; None where it belongs to another."""
        size = (image.width, image.height)
        if size != (self._source_size or size):
            return None
        self._source_size = size
        stream_s = self.stream_s(image)
        if self.media_start_s is None:
            self.media_start_s = stream_s or 0.0
        pts_s = self._last_s + self._frame_s if stream_s is None else stream_s - self.media_start_s
        # A time-lapse may have its frames further apart than another stream's clock jumps.
        ahead_s = max(JUMP_AHEAD_S, _JUMP_FRAMES * self._frame_s)
        if not self._last_s - JUMP_BACK_S <= pts_s <= max(self._last_s, 0.0) + ahead_s:
            return None
        self._stands_s = (image.duration or 0) * self._tick_s
        self._after_damage = self._is_after_damage(pts_s + self.media_start_s) or self._after_damage
        # Frames out of order by a frame or two (packed B-frames in AVI) keep their order of arrival.
        self._last_s = pts_s if pts_s > self._last_s else self._last_s + 1e-3
        return self._last_s

    def _frame(self, image: VideoFrame, at_s: float) -> Frame:
        after_damage, self._after_damage = self._after_damage, False
        self._handed_s = at_s
        if self._display is None or image.rotation != self._rotation_deg:
            self._display, self._rotation_deg = display_of(image, self._pixel_aspect), image.rotation
        step = 1 + self._passed_by + self._left_out_before(image)
        passed, self._passed, self._passed_by = tuple(self._passed), [], 0
        chroma = None
        if self._chroma and at_s - self._chroma_s >= CHROMA_S:
            self._chroma_s = at_s
            chroma = _chroma(image, self._display, *self._size)
        luma = _luma(image, self._display, *self._size)
        return Frame(at_s, luma, image, after_damage, self._display, step, passed, chroma)

    def _pass_by(self, image: VideoFrame, at_s: float) -> None:
        self._passed_by += 1
        self._passed.append(Passed(at_s, image, self._display or Display()))
        # Three bytes for two pixels, as above.
        if len(self._passed) * image.width * image.height * 3 // 2 > PASSED_BYTES:
            del self._passed[0]

    def _left_out_before(self, image: VideoFrame) -> int:
        """Count the packets that were not decoded and would have been shown before an image, once each."""
        if not self._not_decoded:
            return 0
        stream_s = self.stream_s(image)
        later = [] if stream_s is None else [at_s for at_s in self._not_decoded if at_s > stream_s]
        count, self._not_decoded = len(self._not_decoded) - len(later), later
        return count

    def _is_after_damage(self, stream_s: float) -> bool:
        """Whether there was damage since the last frame; what lies before this one is forgotten."""
        if self._damage_s is None:
            return False
        from_s, to_s = self._damage_s
        if to_s < stream_s - _DAMAGE_SLACK_S:
            self._damage_s = None
        return from_s <= stream_s and to_s >= self._last_s + (self.media_start_s or 0.0) - _DAMAGE_SLACK_S


def _luma(image: VideoFrame, display: Display, width_px: int, height_px: int) -> NDArray[np.uint8]:
    size = _stored(display, width_px, height_px)
    bits = _LUMA_BITS.get(image.format.name)
    if bits is None:
        small = image.reformat(*size, "gray").to_ndarray().astype(np.uint8, copy=False)
    else:
        small = _shrunk(image.planes[0], bits, size)
    return np.ascontiguousarray(display.turn(small))


def _chroma(image: VideoFrame, display: Display, width_px: int, height_px: int) -> NDArray[np.uint8] | None:
    size = _stored(display, width_px // CHROMA_STEP_PX, height_px // CHROMA_STEP_PX)
    name = image.format.name
    if name.startswith("gray"):
        return None
    if name not in _LUMA_BITS:
        image, name = image.reformat(*size, "yuv444p"), "yuv444p"
    planes = image.planes[1:3]
    channels = 2 if len(planes) == 1 else 1  # nv12 has both in one plane
    both = [_shrunk(plane, _LUMA_BITS[name], size, channels) for plane in planes]
    colours = both[0] if channels == 2 else cv2.merge(both)
    return np.ascontiguousarray(display.turn(colours.astype(np.uint8, copy=False)))


def _stored(display: Display, width_px: int, height_px: int) -> tuple[int, int]:
    """Width and height, before it is turned, of what has this size when it is displayed."""
    size = display.turned(Size(width_px, height_px))
    return size.width, size.height


def _shrunk(plane: VideoPlane, bits: int, size: tuple[int, int], channels: int = 1) -> NDArray[np.uint8]:
    """A plane at this width and height, in levels of 8 bits."""
    rows: NDArray[np.uint8 | np.uint16] = np.frombuffer(
        memoryview(plane), np.dtype(np.uint8 if bits == 8 else np.uint16)
    )
    rows = rows.reshape(-1, plane.line_size // rows.itemsize)[: plane.height, : plane.width * channels]
    # Of a large picture every row would be fetched from memory, and few are looked at.
    step = max(1, plane.height // size[1])
    rows = rows[step // 2 :: step]
    if channels > 1:
        rows = rows.reshape(len(rows), -1, channels)
    small = np.asarray(cv2.resize(rows, size, interpolation=cv2.INTER_LINEAR), rows.dtype)
    levels = small if bits == 8 else small >> (bits - 8)
    return levels.astype(np.uint8, copy=False)
