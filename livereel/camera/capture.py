"""The capture loop of one camera: packets in, windows and gaps out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from av.packet import Packet
from av.stream import Stream

from analyzer.reel.records import Gap, GapReason
from analyzer.signal.flicker import Flicker
from analyzer.signal.settings import WindowSettings
from analyzer.signal.window import Measured, Window, Windower
from base.clock import MediaClock, utc_after
from base.plural import counted
from livereel.camera.clips import Clipper
from livereel.camera.counts import CaptureCounts
from livereel.camera.overload import Overload
from livereel.camera.packet_end import PacketEnd
from livereel.camera.window_files import WindowFiles
from livereel.storage.free_space import FreeSpace
from sinks.events import EpochStarted, KeyframePreview, MotionChanged
from stream.address import redact
from stream.frames import Frame, FrameDecoder
from stream.media.file import MediaError
from stream.source import PacketSource, SourceError
from stream.timing.pace import Pace

# A time's digits alone, for names of files.
_STAMP = str.maketrans("", "", "-:.")

# Of a file, decoded pictures may wait for each other, as many as caches hold: two of 1080p.
HELD_BYTES = 7_000_000

# Pictures missing for longer than this beside damaged packets were not seen, rather than still.
UNREADABLE_S = 1.0
# A file's last frame that is shown for longer than this is told of as such.
STANDS_S = 1.0
# Pictures that come further apart than this are not waited for at the end of a window,
SLOW_S = 1.0
# but for as long as one may be on its way.
GRACE_S = 1.0
# A camera's clock that is off by more than this, for a whole window, has been set anew.
MAX_OFF_S = 5.0
# An epoch lasts so long at least, in wall time.
MIN_EPOCH_S = 0.04
# A hole between two epochs that is shorter than this is not worth telling.
HOLE_S = 0.5


Seen = Window | Gap | EpochStarted | MotionChanged | KeyframePreview


class Arrivals(Protocol):
    """When packets came, for what is watched live.

    Attributes:
        behind_s: how long the packet that was taken last had waited.
        stream_epoch_utc: when, by the packets that came first, the stream's own time was 0.
    """

    behind_s: float
    stream_epoch_utc: datetime | None

    def now(self) -> datetime:
        """When the packet that was taken last had come; now while none is to be taken."""
        ...

    def arriving(self) -> Iterator[Packet[Stream] | None]:
        """Yield the source's packets, and None whenever none has come for a moment."""
        ...


class Capture:
    """Runs one source from open to end.

    Attributes:
        counts: what was met so far.
        flickers: the small places whose regular changes do not count as motion, each once.
        failure: why reading stopped before the source's end; None while all is well.
    """

    def __init__(
        self,
        source: PacketSource,
        camera: str,
        settings: WindowSettings,
        clips: Clipper,
        pictures: Path | None,
        *,
        arrivals: Arrivals | None = None,
        space: FreeSpace | None = None,
        epoch: int = 0,
    ) -> None:
        """Watch ``source`` under the name ``camera``.

        Args:
            source: what to watch.
            camera: its name in windows and files.
            settings: how windows are measured.
            clips: where moving pictures come from.
            pictures: folder for the keyframes' JPEGs; None for none.
            arrivals: when packets came, for what is watched live; without it, wall time counts on from
                the source's ``start_utc``.
            space: room on the disk, for what is watched live: without room a window is told but its
                files are not written. Without it, a full disk is an error.
            epoch: number of the first epoch.
        """
        self._source = source
        self._camera = camera
        self._settings = settings
        self._clips = clips
        self._epoch = epoch
        self._clock = MediaClock(source.info.start_utc)
        self._arrivals = arrivals
        self._overload = Overload()
        self._ended: tuple[str, GapReason] | None = None  # until when the last epoch saw, and what ended it
        self._pace = Pace(source.info.fps)
        self.counts = CaptureCounts()
        self._closed_name = ""  # of the window that closed last
        self.flickers: list[Flicker] = []
        self._files = WindowFiles(clips, pictures, space, self.counts)
        self.failure: SourceError | None = None

    @property
    def clip_failure(self) -> MediaError | None:
        """Why a clip could not be cut, the last time."""
        return self._files.clip_failure

    @property
    def choice(self) -> str | None:
        """Which of several video tracks is watched, in a line; None where there is only one."""
        return self._source.info.choice

    @property
    def interval_s(self) -> float | None:
        """How far apart the source's pictures usually are; None while that is unknown."""
        return self._pace.interval_s

    def windows(self) -> Iterator[Window | Gap]:
        """Yield windows and gaps alone; otherwise as ``run``."""
        return (item for item in self.run() if isinstance(item, Window | Gap))

    def run(self) -> Iterator[Seen]:
        """Yield each window when it closes, each gap when it ends, and what shows before that.

        Raises SourceError when the source gives no frame at all; a source that fails later ends the
        run, with the reason in ``failure``.
        """
        self._begin_epoch()
        try:
            for packet in self._source.packets() if self._arrivals is None else self._arrivals.arriving():
                if packet is None:
                    yield from self._stand()
                    continue
                self._clips.push(packet)
                self.counts.unbuffered_packets = self._clips.dropped
                self._extent.push(packet)
                if packet.stream.type == "video" and not self._skips(packet):
                    decoder, refused = self._decoder, self._decoder.refused
                    yield from self._decode(packet)
                    if decoder.refused > refused:
                        self._clips.forget(packet)
        except SourceError as error:
            if not self.counts.frames:
                raise
            self.failure = error
        yield from self._decode(None)
        yield from self._end_epoch()
        if not self.counts.frames:
            info = self._source.info
            reason = "not one frame of it can be decoded"
            damaged = self.counts.damaged_packets > 0
            raise SourceError(info.address, reason, retryable=info.live, unreadable=damaged)
        yield from self._missing_end()

    def _stand(self) -> Iterator[Seen]:
        """Close a slow camera's window on time: its newest picture stands until the next one comes."""
        interval_s, now_s = self._pace.interval_s, self._clock.now_s()
        if self._windower is None or interval_s is None or now_s is None:
            return
        if interval_s > SLOW_S and now_s - self._last_s < self._pace.pause_s:
            for measured in self._windower.stand(now_s - GRACE_S):
                yield self._window(measured)

    def _skips(self, packet: Packet[Stream]) -> bool:
        if self._arrivals is None:
            return False
        skips = self._overload.skips(keyframe=packet.is_keyframe, behind_s=self._arrivals.behind_s)
        self.counts.skipped_packets += skips
        return skips

    def _begin_epoch(self) -> None:
        motion = self._settings.motion
        held_bytes = HELD_BYTES if self._arrivals is None else 0
        self._decoder = FrameDecoder(
            self._source.video,
            motion.width_px,
            motion.height_px,
            held_bytes=held_bytes,
            max_fps=motion.measured_fps,
            chroma=motion.signal == "changed",
        )
        self._windower: Windower | None = None
        self._last_s = 0.0
        self._damaged = 0
        self._extent = PacketEnd()
        self._skipped = self.counts.skipped_packets
        self._missed = (0.0, 0.0)
        self._moving = False

    def _end_epoch(self) -> Iterator[Seen]:
        self._count_damage()
        if self._moving:
            self._moving = False
            yield MotionChanged(self._camera, self._moving, self._clock.utc(self._last_s))
        if self._windower is None:
            return
        self._seen_to_s = self._windower.start_s
        for measured in (*self._held(self._windower), self._windower.close(self._decoder.ends_s)):
            if measured is not None:
                self._seen_to_s = measured.end_s
                self._note_flickers(self._windower)
                yield self._window(measured)

    def _held(self, windower: Windower) -> list[Measured]:
        """Windows that a file's last frame fills, which may stand for a minute in a time-lapse."""
        stands_to_s = self._decoder.stands_to_s
        if self._arrivals is not None or stands_to_s is None or stands_to_s - self._last_s <= STANDS_S:
            return []
        return windower.hold(stands_to_s)

    def _break_epoch(self, reason: GapReason, at_s: float | None = None) -> Iterator[Seen]:
        """Nothing joins what was with what comes; what was not seen between is for this reason."""
        self.counts.timeline_breaks += 1
        yield from self._end_epoch()
        self._ended = (self._clock.utc(self._seen_to_s), reason)
        self._clips.start_over(at_s)
        # Later by a frame at least: windows are named by their start.
        self._clock = self._clock.after(max(self._seen_to_s, self._last_s + MIN_EPOCH_S))
        self._epoch += 1
        self._begin_epoch()

    def _decode(self, packet: Packet[Stream] | None) -> Iterator[Seen]:
        """Decode a packet (None: what the decoder still holds) and pass on its frames."""
        decoded = self._decoder.decode(packet)
        self._count_damage()
        yield from self._pass_on(decoded.frames)
        while decoded.rest:
            first = decoded.rest[0]
            yield from self._break_epoch(GapReason.UNREADABLE, self._decoder.stream_s(first))
            decoded = self._decoder.take(decoded.rest)
            yield from self._pass_on(decoded.frames)

    def _pass_on(self, frames: Sequence[Frame]) -> Iterator[Seen]:
        decoder = self._decoder
        for frame in frames:
            yield from self._frame(frame)
            if self._decoder is not decoder:
                return  # of the epoch that has just ended

    def _frame(self, frame: Frame) -> Iterator[Seen]:
        if self._windower is None:
            self._windower = self._windower_of(frame)
            yield from self._epoch_started(frame)
        self._clock.see(frame.pts_s)
        self._count_damage()
        seen_to_s = self._last_s
        unseen = frame.after_damage and frame.pts_s - seen_to_s > UNREADABLE_S
        if self.counts.skipped_packets > self._skipped:
            self._skipped = self.counts.skipped_packets
            self._missed = (seen_to_s, frame.pts_s)
        elif self._arrivals is not None and (unseen or frame.pts_s - seen_to_s > self._pace.pause_s):
            self._pace.forget()
            at_s = frame.pts_s + (self._decoder.media_start_s or 0.0)
            yield from self._break_epoch(GapReason.UNREADABLE if unseen else GapReason.SOURCE_STALLED, at_s)
            return
        elif unseen:
            yield self._gap(seen_to_s, frame.pts_s)
        if frame.pts_s > 0:  # the epoch's first follows none
            self._pace.see(frame.pts_s - seen_to_s)
        self.counts.frames += 1
        self._last_s = frame.pts_s
        for measured in self._windower.push(frame):
            self._note_flickers(self._windower)
            if not (unseen and measured.start_s >= seen_to_s):
                yield self._window(measured)
            self._clock.follow()
        yield from self._before_the_end(self._windower)
        if abs(self._clock.off_s) > MAX_OFF_S:
            yield from self._break_epoch(GapReason.SOURCE_STALLED)

    def _note_flickers(self, windower: Windower) -> None:
        for flicker in windower.flickers:
            if not any(flicker.is_near(known) for known in self.flickers):
                self.flickers.append(flicker)

    def _windower_of(self, frame: Frame) -> Windower:
        try:
            return Windower(self._settings, *frame.source_size_px)
        except ValueError as error:  # regions that leave nothing of such a picture
            raise SourceError(self._source.info.address, str(error)) from error

    def _count_damage(self) -> None:
        self.counts.damaged_packets += self._decoder.damaged - self._damaged
        self._damaged = self._decoder.damaged

    def _epoch_started(self, frame: Frame) -> Iterator[Seen]:
        """Find the place of a live epoch in wall time, and yield the gap before it."""
        live = self._arrivals
        if live is None:
            yield from self._missing_start()
        if live is not None:
            start = live.now()
            if self._ended is None and live.stream_epoch_utc is not None:
                start = live.stream_epoch_utc + timedelta(seconds=self._decoder.media_start_s or 0.0)
            self._clock = MediaClock(start, live.now)
        began_utc = self._clock.utc(frame.pts_s)
        if live is not None and self._ended is not None:
            ended_utc, reason = self._ended
            if began_utc > utc_after(ended_utc, HOLE_S):
                yield Gap(self._camera, ended_utc, began_utc, reason)
        yield EpochStarted(self._camera, self._epoch, began_utc)

    def _before_the_end(self, windower: Windower) -> Iterator[MotionChanged | KeyframePreview]:
        """Tell what shows of a window that is still open."""
        if windower.moving != self._moving:
            self._moving = windower.moving
            yield MotionChanged(self._camera, self._moving, self._clock.utc(self._last_s))
        shot = windower.keyframe_preview()
        if shot is not None:
            at_utc = self._clock.utc(shot.pts_s)
            # A peak may settle just after its window has closed.
            name = self._name(windower.start_s) if shot.pts_s >= windower.start_s else self._closed_name
            yield KeyframePreview(self._camera, name, at_utc, shot.value, shot.jpeg)

    def _missing_start(self) -> Iterator[Gap]:
        """Packets that gave no picture before the first that did are a gap."""
        first_s, media_start_s = self._decoder.first_s, self._decoder.media_start_s
        if first_s is not None and media_start_s is not None and media_start_s - first_s > UNREADABLE_S:
            self._clock = self._clock.after(media_start_s - first_s)
            yield self._gap(first_s - media_start_s, 0.0)

    def _missing_end(self) -> Iterator[Gap]:
        """What came and gave no picture, and what a file promised and did not give, is a gap."""
        if self._arrivals is not None or self.counts.timeline_breaks:
            return
        end_s, promised_s = self._extent.video_s, self._source.info.end_s
        if promised_s is not None and promised_s - self._extent.any_s > UNREADABLE_S:
            end_s = promised_s
        end_s -= self._decoder.media_start_s or 0.0
        seen_to_s = self._decoder.ends_s or self._last_s
        if end_s - seen_to_s > UNREADABLE_S:
            yield self._gap(seen_to_s, end_s)

    def _gap(self, start_s: float, end_s: float) -> Gap:
        return Gap(self._camera, self._clock.utc(start_s), self._clock.utc(end_s), GapReason.UNREADABLE)

    def _name(self, start_s: float) -> str:
        """Name the window that starts there: unique, as no camera has two at one time."""
        return f"{self._camera}-{self._clock.utc(start_s).translate(_STAMP)}"

    def _window(self, measured: Measured) -> Window:
        start_utc = self._clock.utc(measured.start_s)
        name = self._closed_name = self._name(measured.start_s)
        place = f"{start_utc[:10]}/{name}" if self._arrivals else name
        clip, keyframes = self._files.keep(measured, place, self._decoder.media_start_s or 0.0)
        missed_s = min(self._missed[1], measured.end_s) - max(self._missed[0], measured.start_s)
        return Window(
            id=name,
            camera=self._camera,
            epoch=self._epoch,
            index=measured.index,
            start_s=measured.start_s,
            end_s=measured.end_s,
            start_utc=start_utc,
            quiet=measured.quiet,
            signal_max=measured.signal_max,
            noise_floor=measured.noise_floor,
            threshold=measured.threshold,
            peaks=measured.peaks,
            keyframes=keyframes,
            activity=measured.activity,
            signal=measured.signal,
            clip=clip,
            missed_s=max(0.0, missed_s),
        )

    def warnings(self) -> list[str]:
        """What the user should know of this run so far, a line each."""
        lines = [line for line in (self.choice, self._source.warning) if line]
        if self.failure:
            lines.append(f"stopped early: {self.failure}")
        if self.clip_failure:
            failed = self.counts.clips_failed
            have = "window has" if failed == 1 else "windows have"
            lines.append(f"{failed} {have} no moving pictures: {self.clip_failure}")
        if self.counts.damaged_packets:
            lines.append(f"{counted(self.counts.damaged_packets, 'damaged packet')} could not be decoded")
        if self.counts.timeline_breaks:
            lines.append(f"the timestamps started over {counted(self.counts.timeline_breaks, 'time')}")
        return lines


def camera_name(address: str) -> str:
    """Return a name for a source: letters, digits, ``-`` and ``_`` of its path's last part, or its host.

    Without credentials: names become folders and topics.
    """
    shown = redact(address).partition("?")[0].rstrip("/")
    _, is_url, rest = shown.rpartition("://")
    host, _, path = rest.partition("/") if is_url else ("", "", rest)
    last = path.rpartition("/")[2]
    stem = last.rpartition(".")[0] or last or host.rpartition("@")[2].partition(":")[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_") or "camera"
