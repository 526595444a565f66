"""Decode the packets of one video stream to frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import av.error
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from stream.codec.random_access import access
from stream.demux import follows_loss
from stream.frames.frame import Frame, Passed, chroma, grey, luma
from stream.frames.frame_skip import FrameSkipper, Unmeasured
from stream.frames.integrity import DamageSpan, DoubtfulFrames, Integrity
from stream.picture.display import Display, display_of
from stream.timing.timestamps import JUMP_AHEAD_S, JUMP_BACK_S, shown_stamp

# A step forward of at least this many usual ones is a pause in the video.
_JUMP_FRAMES = 3
_PROGRESSIVE = 1  # AVFieldOrder, libavcodec/codec_par.h
# Packets that are decoded together, at most, and the media time over which: sound does not wait.
MAX_HELD, MAX_HELD_S = 16, 0.5
# Colour is measured in frames at least 0.2 s apart; a tenth less, for times that jitter.
CHROMA_S = 0.18


@dataclass(frozen=True, slots=True)
class Damage:
    """Damage between two decoder frames.

    Attributes:
        span_s: the stream times between which it lies; None where they are unknown.
        refused: it is a packet that could not be decoded at all.
    """

    span_s: tuple[float, float] | None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Decoded:
    """What packets gave.

    Attributes:
        frames: of this epoch.
        rest: decoder frames of another epoch, as the timestamps started over or the frame size changed, and
            the damage after the first: for the ``take`` of a new FrameDecoder. The old one cannot be used any
            more.
        rest_s: the stream time of the first of them; None where it has none.
        refused: packets that could not be decoded at all.
    """

    frames: tuple[Frame, ...] = ()
    rest: tuple[VideoFrame | Damage, ...] = ()
    rest_s: float | None = None
    refused: tuple[Packet[Stream], ...] = ()


class FrameDecoder:
    """Decodes one video stream within one epoch; damaged packets are counted, not raised.

    Attributes:
        first_s: the stream time of the first packet that is to be shown; None before it.
        media_start_s: the stream time at which media time begins; None before the first frame.
        damaged: packets that could not be decoded completely so far.
        thinned: packets that were not decoded, as their frame would not be measured.
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
        exact: bool = False,
    ) -> None:
        """Decode to frames of analysis size.

        Args:
            video: the stream.
            width_px, height_px: analysis size.
            held_bytes: memory of frames that may be decoded and handed out together. 0 decodes each packet at
                once. Decoding a large frame evicts everything else from the processor's caches, so that
                measuring several frames in a row costs much less than measuring each after its decoding.
            max_fps: of a faster stream, frames closer together than this are not measured, and not decoded
                where no other frame refers to them, which may leave half as many; None measures all.
            chroma: whether frames carry their colour, too.
            exact: whether frames are decoded with all that the codec asks for, and their luma is made by
                OpenCV of the whole picture in colour, which takes longer.
        """
        self._context: VideoCodecContext = video.codec_context
        self._luma = grey if exact else luma
        if not self._context.is_open and not exact:
            # Without deblocking of bidirectional frames, decoding takes a tenth less on many streams. At
            # analysis size it is invisible, and its error ends with them, as the frames that others refer to
            # are deblocked.
            self._context.options = {**self._context.options, "skip_loop_filter": "bidir"}
        self._size = (width_px, height_px)
        self._pixel_aspect = video.sample_aspect_ratio
        self._display: Display | None = None
        self._rotation_deg = 0  # of the frame for which that was found
        self._chroma = chroma
        self._chroma_s = -CHROMA_S
        self._frame_s = float(1 / rate) if (rate := video.average_rate) else 0.04
        # Frames that the decoder yields only when it is flushed do not carry their time base.
        self._tick_s = float(video.time_base or Fraction(1, 90_000))
        self._source_size: tuple[int, int] | None = None
        self._last_s = -self._frame_s
        self._packet_s: float | None = None
        self.first_s: float | None = None
        self.media_start_s: float | None = None
        self.damaged = 0
        self.thinned = 0
        self._integrity = Integrity()
        self._damage = DamageSpan()
        self._doubtful = DoubtfulFrames()
        self._held: list[Packet[Stream] | Damage] = []
        self._held_s: float | None = None  # stream time of the first of them
        self._held_bytes = held_bytes
        # A tenth less, for times that are rounded or jitter.
        self._min_s = 0.9 / max_fps if max_fps else 0.0
        self._handed_s: float | None = None
        self._shown_s = 0.0  # duration of the newest frame, as it states it
        # Of interlaced video, a skipped packet may be half a frame.
        known = self._context.name == "h264" and self._context.field_order == _PROGRESSIVE
        self._skipper = FrameSkipper(self._min_s) if max_fps and known else None
        self._after_damage = False  # since the last frame handed out
        self._is_predicted = False  # from damaged frames, since the last complete key frame
        self._repaired = False  # by such a key frame, or after a damaged one, since the last frame handed out
        self._unmeasured = Unmeasured()

    @property
    def ends_s(self) -> float | None:
        """Media time at which the newest frame ends, if it was not handed out; None if it was."""
        left_out = self._handed_s is not None and self._last_s > self._handed_s
        return self._last_s + self._frame_s if left_out else None

    @property
    def shown_to_s(self) -> float | None:
        """Media time until which the newest frame is shown, by its own duration; None where it has none."""
        return self._last_s + self._shown_s if 0 < self._shown_s < JUMP_AHEAD_S else None

    def decode(self, packet: Packet[Stream] | None) -> Decoded:
        """Decode a packet, or flush with None.

        A packet that may wait for others gives nothing now.
        """
        if packet is not None:
            self._hold(packet)
            if self._may_hold():
                return Decoded()
        held, self._held = self._held, []
        images, refused = self._images(held if packet is not None else [*held, None])
        decoded = self.take(images)
        frames = decoded.frames
        if packet is None and not decoded.rest:
            frames = (*frames, *self._judged(trusted=self._integrity.likely))
        return Decoded(frames, decoded.rest, decoded.rest_s, refused)

    def _hold(self, packet: Packet[Stream]) -> None:
        """Hold a packet, unless its frame would not be measured."""
        at_s, before_s = self._packet_at_s(packet), self._packet_s
        if at_s is not None:
            self._packet_s = at_s
            if self.first_s is None and not packet.is_discard:
                self.first_s = at_s
        if not self._held:
            self._held_s = self._packet_s
        if at_s is not None and follows_loss(packet):
            self._held.append(Damage((at_s if before_s is None else before_s, at_s)))
        if self._skips(packet):
            self.thinned += 1
        else:
            self._held.append(packet)

    def _packet_at_s(self, packet: Packet[Stream]) -> float | None:
        stamp = shown_stamp(packet)
        return None if stamp is None else stamp * self._tick_s

    def _images(
        self, held: Sequence[Packet[Stream] | Damage | None]
    ) -> tuple[list[VideoFrame | Damage], tuple[Packet[Stream], ...]]:
        """Decode packets (None: flush); return their frames with the damage, and the refused packets."""
        images: list[VideoFrame | Damage] = []
        refused: list[Packet[Stream]] = []
        for packet in held:
            if isinstance(packet, Damage):
                images.append(packet)
                continue
            try:
                images += self._context.decode(packet)
            except (av.error.FFmpegError, ValueError):
                self.damaged += 1
                at_s = None
                if packet is not None:
                    refused.append(packet)
                    at_s = self._packet_at_s(packet)
                if at_s is None:
                    at_s = self._packet_s
                images.append(Damage(None if at_s is None else (at_s, at_s), refused=True))
        return images, tuple(refused)

    def _skips(self, packet: Packet[Stream]) -> bool:
        if self._skipper is None or packet.pts is None:
            return False
        shown_s = packet.pts * self._tick_s
        known = access(packet)
        skips = self._skipper.skips(shown_s, droppable=not known.counts and not known.continues)
        if skips:
            self._unmeasured.skip(shown_s)
        return skips

    def _may_hold(self) -> bool:
        """Whether the packets that are held may wait for another."""
        if not self._held:
            return True
        if self._source_size is None:
            return False  # until the first frame
        if self._packet_s is not None and abs(self._packet_s - (self._held_s or 0.0)) >= MAX_HELD_S:
            return False  # also where the timestamps have started over
        images = 1 + len(self._held)
        # Three bytes for two pixels, as in 4:2:0 of 8 bits; near enough for others.
        image_bytes = self._source_size[0] * self._source_size[1] * 3 // 2
        return images <= MAX_HELD and images * image_bytes <= self._held_bytes

    def take(self, images: Sequence[VideoFrame | Damage]) -> Decoded:
        """Take what another decoder of the stream has decoded."""
        frames: list[Frame] = []
        for nth, image in enumerate(images):
            if isinstance(image, Damage):
                self._note(image)
                continue
            stream_s = self.stream_s(image)
            damaged = self._is_damaged(image, stream_s)
            if not self._integrity.doubtful or self._doubtful.is_full:
                frames += self._judged(trusted=self._integrity.trusted)
            if damaged:
                self._is_predicted = self._repaired = True
                continue
            if self._is_predicted and image.key_frame:
                self._is_predicted, self._repaired = False, True
            before_s = self._last_s, self._handed_s
            at_s = self._place(image, stream_s)
            if at_s is None:
                frames += self._judged(trusted=self._integrity.likely)
                return Decoded(tuple(frames), tuple(images[nth:]), stream_s)
            if self._handed_s is None or at_s - self._handed_s >= self._min_s:
                frame = self._frame(image, at_s, stream_s)
                if self._integrity.doubtful and (self._held_bytes or before_s[1] is not None):
                    self._doubtful.add(frame, before_s)
                else:
                    frames.append(frame)
            else:
                self._unmeasured.add(Passed(at_s, image, self._display or Display()))
        return Decoded(tuple(frames))

    def _note(self, damage: Damage) -> None:
        if damage.refused:
            self._is_predicted = self._repaired = True
        if damage.span_s is not None:
            self._damage.add(*damage.span_s)
            if damage.refused:
                self._integrity.add(damage.span_s[1], complete=False)

    def _judged(self, *, trusted: bool) -> list[Frame]:
        """Return the doubtful frames, if they can be trusted; otherwise they count as damaged."""
        frames, before_s = self._doubtful.take()
        if trusted or before_s is None:
            return frames
        self._last_s, self._handed_s = before_s
        self._after_damage = True
        self.damaged += len(frames)
        return []

    def _is_damaged(self, image: VideoFrame, stream_s: float | None) -> bool:
        """Whether a frame is decoded only in part, or predicted from one that was."""
        complete = not image.is_corrupt
        if stream_s is not None:
            self._integrity.add(stream_s, complete=complete, key=image.key_frame)
        if complete and self._integrity.trusted:
            return False
        self.damaged += 1
        if stream_s is not None:
            self._damage.add(stream_s, stream_s)
        return True

    def stream_s(self, image: VideoFrame) -> float | None:
        """Return the stream time of a decoder's frame; None where it has none.

        A bare stream has no times: its packets were numbered, or timed by arrival, in decoding order.
        """
        stamp = image.dts if image.pts is None else image.pts
        return None if stamp is None else stamp * self._tick_s

    def _place(self, image: VideoFrame, stream_s: float | None) -> float | None:
        """Return a frame's media time in this epoch; None where it belongs to another."""
        size = (image.width, image.height)
        if size != (self._source_size or size):
            return None
        self._source_size = size
        if self.media_start_s is None:
            self.media_start_s = stream_s or 0.0
        pts_s = self._last_s + self._frame_s if stream_s is None else stream_s - self.media_start_s
        # Frames of a time-lapse may be further apart than another stream's clock jumps.
        ahead_s = max(JUMP_AHEAD_S, _JUMP_FRAMES * self._frame_s)
        if not self._last_s - JUMP_BACK_S <= pts_s <= max(self._last_s, 0.0) + ahead_s:
            return None
        self._shown_s = (image.duration or 0) * self._tick_s
        last_s, next_s = self._last_s + self.media_start_s, pts_s + self.media_start_s
        self._after_damage = self._damage.lies_between(last_s, next_s) or self._after_damage
        # Frames out of order by one or two (packed B-frames in AVI) stay in their order of arrival.
        self._last_s = pts_s if pts_s > self._last_s else self._last_s + 1e-3
        return self._last_s

    def _frame(self, image: VideoFrame, at_s: float, stream_s: float | None) -> Frame:
        after_damage, self._after_damage = self._after_damage, False
        repaired, self._repaired = self._repaired, False
        self._handed_s = at_s
        if self._display is None or image.rotation != self._rotation_deg:
            self._display, self._rotation_deg = display_of(image, self._pixel_aspect), image.rotation
        between, passed = self._unmeasured.take(stream_s)
        colours = None
        if self._chroma and at_s - self._chroma_s >= CHROMA_S:
            self._chroma_s = at_s
            colours = chroma(image, self._display, *self._size)
        small = self._luma(image, self._display, *self._size)
        return Frame(at_s, small, image, after_damage, repaired, self._display, 1 + between, passed, colours)
