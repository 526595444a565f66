"""An epoch: one unbroken connection to a source. Frames in, windows of one media time out."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from av.audio.stream import AudioStream
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from analyzer.reel.records import Gap, GapReason
from analyzer.signal.flicker.region import Flicker
from analyzer.signal.motion import Motion
from analyzer.signal.settings import WindowSettings
from analyzer.signal.window import Peak, Window
from analyzer.signal.windower import MeasuredWindow, Windower
from base.clock import MediaClock
from livereel.camera.epoch_sound import EpochSound
from livereel.camera.reports import CaptureCounts
from livereel.camera.window_files import WindowFiles
from sinks.events import KeyframePreview, MotionChanged
from stream.frames.decoder import Damage, Decoded, FrameDecoder
from stream.frames.frame import Frame

# The digits of a time, for file names.
_STAMP = str.maketrans("", "", "-:.")

# Frames of a file that are decoded and handed out together: eight of 1080p.
HELD_BYTES = 25_000_000
# Frames missing for longer than this around damaged packets are a gap, not a still picture.
UNREADABLE_S = 1.0
# A file's last frame that is shown for longer than this fills windows of its own.
STILL_S = 1.0
# The rate of a source that states none, for how long the only frame of an epoch is shown.
USUAL_FPS = 25


@dataclass(frozen=True, slots=True)
class Camera:
    """What the epochs of one camera share.

    Attributes:
        name: the camera's.
        video: the stream that is analysed.
        settings: how windows are measured.
        files: writes the files of windows.
        counts: counters, to which every epoch adds.
        live: the source is watched live; a file otherwise.
        audio: the stream whose sound is measured; None where there is none.
        flickers: small regions whose regular changes do not count as motion, to which every epoch adds.
    """

    name: str
    video: VideoStream
    settings: WindowSettings
    files: WindowFiles
    counts: CaptureCounts
    live: bool
    audio: AudioStream | None = None
    flickers: list[Flicker] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Closing:
    """A window whose end has been seen, and whose sound may still come."""

    measured: MeasuredWindow
    name: str
    start_utc: str


class PacketEnd:
    """The latest times of an epoch's packets, to find video that gave no frame.

    Attributes:
        video_s: stream time of the latest start of a video packet.
        any_s: stream time of the latest end of any packet.
    """

    def __init__(self, video_index: int) -> None:
        self.video_s = self.any_s = -math.inf
        self._video_index = video_index
        self._ticks_s: dict[int, float] = {}

    def push(self, packet: Packet[Stream]) -> None:
        """Note the times of a packet."""
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None:
            return
        tick_s = self._ticks_s.get(packet.stream_index)
        if tick_s is None:
            tick_s = self._ticks_s[packet.stream_index] = float(packet.time_base)
        self.any_s = max(self.any_s, (stamp + (packet.duration or 0)) * tick_s)
        if packet.stream_index == self._video_index and not packet.is_discard:
            self.video_s = max(self.video_s, stamp * tick_s)


class Epoch:
    """Decodes and measures one connection. Media time is 0 at its first frame.

    Attributes:
        number: among the camera's epochs.
        clock: media time as wall time. For a live source it is set when the first frame comes.
        decoder: the epoch's own; it is of no use in another epoch.
        packets: the latest times of its packets.
        last_s: media time of the newest frame.
        observed_to_s: media time up to which windows were made, once it has ended.
        skipping: packets were skipped since the newest frame.
    """

    def __init__(self, camera: Camera, number: int, clock: MediaClock) -> None:
        self.number = number
        self.clock = clock
        self.decoder = _decoder(camera)
        self.packets = PacketEnd(camera.video.index)
        self.last_s = 0.0
        self.observed_to_s = 0.0
        self.skipping = False
        self._camera = camera
        self._windower: Windower | None = None
        self._damaged = 0
        self._skipped_s = (0.0, 0.0)  # media time without frames, as packets were skipped
        self._moving = False
        self._sound = EpochSound(camera.audio, camera.settings)
        self._closing: deque[_Closing] = deque()
        self._closed_name = ""  # of the window that closed last

    @property
    def begun(self) -> bool:
        """Whether its first frame has come."""
        return self._windower is not None

    @property
    def media_start_s(self) -> float:
        """The stream time at which its media time begins."""
        return self.decoder.media_start_s or 0.0

    def begin(self, frame: Frame) -> None:
        """Take the size of its first frame; raises ValueError for regions that leave nothing of it."""
        self._windower = Windower(self._camera.settings, *frame.source_size_px)
        self._sound.begin(self.media_start_s)

    def decode(self, packet: Packet[Stream] | None) -> Decoded:
        """Decode a packet, or flush the decoder with None."""
        return self._counted(self.decoder.decode(packet))

    def take(self, images: Sequence[VideoFrame | Damage]) -> Decoded:
        """Take frames that the epoch before has decoded and that belong to this one."""
        return self._counted(self.decoder.take(images))

    @property
    def has_sound(self) -> bool:
        """Whether its sound is measured."""
        return not self._sound.is_off

    def measure_sound(self, packet: Packet[Stream], *, speech: bool = True) -> Iterator[Window]:
        """Measure a packet of audio; yield the windows whose sound it completes.

        Without ``speech`` none is looked for in it.
        """
        self._sound.decode(packet, speech=speech)
        yield from self._complete()

    def _counted(self, decoded: Decoded) -> Decoded:
        self._camera.counts.damaged_packets += self.decoder.damaged - self._damaged
        self._damaged = self.decoder.damaged
        return decoded

    def is_unreadable_before(self, frame: Frame) -> bool:
        """Whether the frames missing or damaged before this one are a gap."""
        return frame.after_damage and frame.pts_s - self.last_s > UNREADABLE_S

    def resume(self, frame: Frame) -> None:
        """End the skipping of packets: the time since the newest frame counts as missed."""
        self.skipping = False
        self._skipped_s = (self.last_s, frame.pts_s)

    def measure(self, frame: Frame, *, unreadable: bool = False) -> Iterator[Window]:
        """Measure a frame; yield the windows that it closes, but none within unreadable time before it."""
        if self._windower is None:
            return
        before_s, self.last_s = self.last_s, frame.pts_s
        self._camera.counts.frames += 1
        for measured in self._windower.push(frame):
            self._note_flickers(self._windower)
            if not (unreadable and measured.start_s >= before_s):
                self._close(measured)
            self.clock.follow()
        self._sound.push_frame(frame)
        yield from self._complete()

    def extend(self, until_s: float) -> Iterator[Window]:
        """Yield the windows that end by ``until_s``, as the newest frame is still shown then."""
        if self._windower is not None:
            for measured in self._windower.advance(until_s):
                self._close(measured)
        yield from self._complete()

    def settle(self) -> Iterator[Window]:
        """Yield the windows that have closed, whether or not all of their sound has come."""
        while self._closing:
            yield self._window(self._closing.popleft())

    def _close(self, measured: MeasuredWindow) -> None:
        """Name a window that has closed."""
        name = self._closed_name = self._name(measured.start_s)
        self._closing.append(_Closing(measured, name, self.clock.utc(measured.start_s)))

    def _complete(self) -> Iterator[Window]:
        """Yield the windows that have closed and whose sound has come."""
        while self._closing and not self._sound.awaits(self._closing[0].measured.end_s, self.last_s):
            yield self._window(self._closing.popleft())

    def changes(self) -> Iterator[MotionChanged | KeyframePreview]:
        """Yield what has changed in the open window since the last call."""
        windower = self._windower
        if windower is None:
            return
        if windower.moving != self._moving:
            yield self._motion_changed(moving=windower.moving)
        peak = windower.keyframe_preview()
        if peak is not None and peak.payload is not None:
            # A peak may settle just after its window has closed.
            name = self._name(windower.start_s) if peak.pts_s >= windower.start_s else self._closed_name
            yield KeyframePreview(
                self._camera.name, name, self.clock.utc(peak.pts_s), peak.value, peak.payload.data
            )

    @property
    def motion(self) -> Motion | None:
        """The motion of the newest frame; None before the first."""
        return None if self._windower is None else self._windower.motion

    def settled_peaks(self) -> Sequence[Peak]:
        """Return the peaks that have settled since the last call."""
        return () if self._windower is None else self._windower.settled_peaks()

    def end(self) -> Iterator[Window | MotionChanged]:
        """End it: yield its last windows, and that nothing moves any more."""
        if self._moving:
            yield self._motion_changed(moving=False)
        windower = self._windower
        if windower is None:
            return
        self.observed_to_s = windower.start_s
        for measured in (*self._still(windower), windower.close(self._ends_s())):
            if measured is not None:
                self.observed_to_s = measured.end_s
                self._note_flickers(windower)
                self._close(measured)
        self._sound.decode(None)
        yield from self.settle()

    def _ends_s(self) -> float | None:
        """Media time at which the last frame ends, where the interval between frames does not say it."""
        if self.decoder.ends_s is not None or self.last_s > 0:
            return self.decoder.ends_s
        rate = self._camera.video.average_rate or USUAL_FPS
        return min(STILL_S, self.decoder.shown_to_s or float(1 / rate))  # the only frame

    def _still(self, windower: Windower) -> list[MeasuredWindow]:
        """Windows that a file's last frame fills, which may be shown for a minute in a time-lapse."""
        shown_to_s = self.decoder.shown_to_s
        if self._camera.live or shown_to_s is None or shown_to_s - self.last_s <= STILL_S:
            return []
        return windower.show_last(shown_to_s)

    def missing_start(self) -> Iterator[Gap]:
        """Yield the gap before the first frame of a file, where earlier packets gave none."""
        first_s = self.decoder.first_s
        if first_s is not None and self.media_start_s - first_s > UNREADABLE_S:
            self.clock = self.clock.after(self.media_start_s - first_s)
            yield self.unreadable(first_s - self.media_start_s, 0.0)

    def missing_end(self, promised_s: float | None) -> Iterator[Gap]:
        """Yield the gap at the end of a file: packets that gave no frame, or video that it does not hold.

        ``promised_s`` is the stream time at which it should end; None where it states none.
        """
        end_s = self.packets.video_s
        if promised_s is not None and promised_s - self.packets.any_s > UNREADABLE_S:
            end_s = promised_s
        end_s -= self.media_start_s
        observed_to_s = self.decoder.ends_s or self.last_s
        if end_s - observed_to_s > UNREADABLE_S:
            yield self.unreadable(observed_to_s, end_s)

    def unreadable(self, start_s: float, end_s: float) -> Gap:
        """Return the gap of this media time, in which nothing could be decoded."""
        times = self.clock.utc(start_s), self.clock.utc(end_s)
        return Gap(self._camera.name, *times, GapReason.UNREADABLE)

    def _motion_changed(self, *, moving: bool) -> MotionChanged:
        self._moving = moving
        return MotionChanged(self._camera.name, moving, self.clock.utc(self.last_s))

    def _note_flickers(self, windower: Windower) -> None:
        known = self._camera.flickers
        for flicker in windower.flickers:
            if not any(flicker.is_near(other) for other in known):
                known.append(flicker)

    def _name(self, start_s: float) -> str:
        """Name the window that starts there: unique, as a camera has one window at a time."""
        return f"{self._camera.name}-{self.clock.utc(start_s).translate(_STAMP)}"

    def _window(self, closing: _Closing) -> Window:
        """Write the files of a window."""
        measured, name, start_utc = self._sound.complete(closing.measured), closing.name, closing.start_utc
        place = f"{start_utc[:10]}/{name}" if self._camera.live else name
        clip, keyframes = self._camera.files.write(measured, place, self.media_start_s)
        missed_s = min(self._skipped_s[1], measured.end_s) - max(self._skipped_s[0], measured.start_s)
        return measured.complete(
            id=name,
            camera=self._camera.name,
            epoch=self.number,
            start_utc=start_utc,
            keyframes=keyframes,
            clip=clip,
            missed_s=max(0.0, missed_s),
        )


def _decoder(camera: Camera) -> FrameDecoder:
    motion = camera.settings.motion
    return FrameDecoder(
        camera.video,
        motion.width_px,
        motion.height_px,
        held_bytes=0 if camera.live else HELD_BYTES,
        max_fps=motion.measured_fps,
        chroma=motion.signal == "changed",
        exact=motion.signal == "notebook",
    )
