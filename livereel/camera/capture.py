"""The capture loop of one camera: packets in, windows and gaps out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from av.packet import Packet
from av.stream import Stream

from analyzer.reel.records import Gap, GapReason
from analyzer.signal.flicker.region import Flicker
from analyzer.signal.settings import WindowSettings
from analyzer.signal.window import Window
from base.clock import MediaClock, parse_utc, utc_after
from base.plural import counted
from livereel.camera.arrivals import NO_SOUND_BEHIND_S, NO_SPEECH_BEHIND_S, Arrivals, Overload
from livereel.camera.clips import Clipper
from livereel.camera.epoch import Camera, Epoch
from livereel.camera.reports import CaptureCounts, Seen
from livereel.camera.window_files import WindowFiles
from livereel.storage.free_space import FreeSpace
from sinks.events import EpochStarted
from stream.frames.frame import Frame
from stream.media.file import MediaError
from stream.source import ChangedError, PacketSource, SourceError, SourceFault
from stream.timing.continuity import SEGMENT_S, Continuity
from stream.timing.pace import Pace

# A window of a camera whose frames come further apart than SLOW_S is closed GRACE_S after its end: the frame
# that would end it may come much later.
SLOW_S = 1.0
GRACE_S = 1.0
# A live clock that deviates by more than this, for an entire window, was set to another time.
MAX_OFF_S = 5.0
# The shortest epoch, in wall time: windows are named by their start.
MIN_EPOCH_S = 0.04
# Time between two epochs that is shorter than this is no gap.
MIN_GAP_S = 0.5


@dataclass(frozen=True, slots=True)
class _Break:
    """The end of the epoch that was observed last.

    Attributes:
        at_utc: up to when it was observed.
        reason: why it ended.
        next_utc: when the next one begins if nothing is missed between them; None where something is.
    """

    at_utc: str
    reason: GapReason
    next_utc: str | None


class Capture:
    """Runs one source from open to end, epoch by epoch.

    Attributes:
        counts: counters so far.
        failure: why reading stopped before the source's end; None while it has not.
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
        wanted: Callable[[float], bool] | None = None,
        on_frame: Callable[[Frame, Epoch], object] | None = None,
    ) -> None:
        """Prepare to watch ``source`` under the name ``camera``.

        Args:
            source: what to watch.
            camera: its name in windows and files.
            settings: how windows are measured.
            clips: where clips come from.
            pictures: folder for the keyframes' JPEGs; None for none.
            arrivals: arrival times of a live source; without them, wall time counts on from the source's
                ``start_utc``.
            space: free space on the disk, for a live source: a window for which there is none is yielded, but
                its files are not written. With None, a full disk is an error.
            epoch: number of the first epoch.
            wanted: whether the picture of a stream time is looked at, and its sound; None looks at all.
            on_frame: called with each frame that was measured, and its epoch.
        """
        self._source = source
        self._clips = clips
        self._wanted = wanted
        self._on_frame = on_frame
        self._arrivals = arrivals
        self._overload = Overload()
        self._sound_overload = Overload(NO_SOUND_BEHIND_S)
        self._speech_overload = Overload(NO_SPEECH_BEHIND_S)
        self._pace = Pace(source.info.fps)
        self._arrival = Continuity(SEGMENT_S) if source.info.playlist else Continuity()
        self.counts = CaptureCounts()
        self._files = WindowFiles(clips, pictures, space, self.counts)
        self._camera = Camera(
            camera,
            source.video,
            settings,
            self._files,
            self.counts,
            live=arrivals is not None,
            audio=source.audio if settings.sound.enabled else None,
        )
        self._epoch = Epoch(self._camera, epoch, MediaClock(source.info.start_utc))
        self._break: _Break | None = None
        self.failure: SourceError | None = None

    @property
    def flickers(self) -> Sequence[Flicker]:
        """The small regions whose regular changes do not count as motion, each once."""
        return self._camera.flickers

    @property
    def clip_failure(self) -> MediaError | None:
        """Why the last clip that failed could not be written."""
        return self._files.clip_failure

    @property
    def choice(self) -> str | None:
        """Which of several video tracks is analysed, in a line; None where there is only one."""
        return self._source.info.choice

    @property
    def interval_s(self) -> float | None:
        """The usual interval between a live source's frames; None while it is unknown."""
        return self._pace.interval_s

    def windows(self) -> Iterator[Window | Gap]:
        """Yield windows and gaps alone; otherwise as ``run``."""
        return (item for item in self.run() if isinstance(item, Window | Gap))

    def run(self) -> Iterator[Seen]:
        """Yield each window when it closes, each gap when it ends, and changes within the open window.

        Raises SourceError when the source gives no frame at all, or has become another one; a source that
        fails later ends the run, with the reason in ``failure``.
        """
        try:
            for packet in self._source.packets() if self._arrivals is None else self._arrivals.arriving():
                yield from self._close_on_time() if packet is None else self._take(packet)
        except SourceError as error:
            if not self.counts.frames or isinstance(error, ChangedError):
                raise
            self.failure = error
        yield from self._decode(None)
        yield from self._epoch.end()
        if not self.counts.frames:
            info = self._source.info
            fault = SourceFault.UNREADABLE if self.counts.damaged_packets else SourceFault.DOWN
            raise SourceError(
                info.address, "none of its frames can be decoded", fault=fault, retryable=info.live
            )
        if self._arrivals is None and not self.counts.timeline_breaks:
            yield from self._epoch.missing_end(self._source.info.end_s)

    def _take(self, packet: Packet[Stream]) -> Iterator[Seen]:
        self._clips.push(packet)
        self.counts.unbuffered_packets = self._clips.dropped
        self._epoch.packets.push(packet)
        if packet.stream_index != self._source.video.index:
            yield from self._listen(packet)
            return
        if self._arrivals is not None:
            self._arrival.note_arrival(self._arrivals.now().timestamp())
        if not self._skips(packet):
            yield from self._decode(packet)

    def _listen(self, packet: Packet[Stream]) -> Iterator[Seen]:
        """Measure a packet of sound, as far as there is time for that; a hole is left otherwise."""
        behind_s = 0.0 if self._arrivals is None else self._arrivals.behind_s
        no_sound = self._sound_overload.skips(keyframe=True, behind_s=behind_s)
        no_speech = self._speech_overload.skips(keyframe=True, behind_s=behind_s)
        if not self._epoch.has_sound or not self._wants(packet):
            return
        self.counts.skipped_sound_packets += no_sound
        self.counts.skipped_speech_packets += no_speech
        if not no_sound:
            yield from self._epoch.measure_sound(packet, speech=not no_speech)

    def _wants(self, packet: Packet[Stream]) -> bool:
        """Whether sound of this time is measured, as pictures of it are looked at."""
        if self._wanted is None or packet.pts is None:
            return True
        return self._wanted(float(packet.pts * packet.time_base))

    def _close_on_time(self) -> Iterator[Seen]:
        """Close a slow camera's window at its end, though the frame after it has not come yet."""
        epoch = self._epoch
        interval_s, now_s = self._pace.interval_s, epoch.clock.now_s()
        if not epoch.begun or interval_s is None or now_s is None:
            return
        if interval_s > SLOW_S and now_s - epoch.last_s < self._pace.pause_s:
            yield from epoch.extend(now_s - GRACE_S)

    def _skips(self, packet: Packet[Stream]) -> bool:
        if self._arrivals is None:
            return False
        skips = self._overload.skips(keyframe=packet.is_keyframe, behind_s=self._arrivals.behind_s)
        if skips:
            self.counts.skipped_packets += 1
            self._epoch.skipping = True
        return skips

    def _decode(self, packet: Packet[Stream] | None) -> Iterator[Seen]:
        """Decode a packet (None: what the decoder still holds) and pass on its frames."""
        decoded = self._epoch.decode(packet)
        for refused in decoded.refused:
            self._clips.discard(refused)
        yield from self._pass_on(decoded.frames)
        while decoded.rest:
            yield from self._break_epoch(GapReason.UNREADABLE, decoded.rest_s, restarted=True)
            decoded = self._epoch.take(decoded.rest)
            yield from self._pass_on(decoded.frames)

    def _pass_on(self, frames: Sequence[Frame]) -> Iterator[Seen]:
        epoch = self._epoch
        for frame in frames:
            if self._wanted is not None and not self._wanted(frame.pts_s + epoch.media_start_s):
                continue
            yield from self._frame(frame)
            if self._epoch is not epoch:
                return  # the others are of the epoch that has just ended

    def _frame(self, frame: Frame) -> Iterator[Seen]:
        epoch = self._epoch
        if not epoch.begun:
            yield from self._begin(epoch, frame)
        epoch.clock.note_arrival(frame.pts_s)
        interval_s, unreadable = frame.pts_s - epoch.last_s, epoch.is_unreadable_before(frame)
        if epoch.skipping:
            epoch.resume(frame)
        elif self._arrivals is not None and (unreadable or interval_s > self._pace.pause_s):
            self._pace.reset()
            reason = GapReason.UNREADABLE if unreadable else GapReason.SOURCE_STALLED
            yield from self._break_epoch(reason, frame.pts_s + epoch.media_start_s)
            return
        elif unreadable:
            yield from epoch.settle()
            yield epoch.unreadable(epoch.last_s, frame.pts_s)
        if frame.pts_s > 0 and self._arrivals is not None:  # the epoch's first follows none
            self._pace.note_interval(interval_s)
        yield from epoch.measure(frame, unreadable=unreadable)
        if self._on_frame is not None:
            self._on_frame(frame, epoch)
        yield from epoch.changes()
        if abs(epoch.clock.off_s) > MAX_OFF_S:
            yield from self._break_epoch(GapReason.SOURCE_STALLED)

    def _begin(self, epoch: Epoch, frame: Frame) -> Iterator[Gap | EpochStarted]:
        """Begin an epoch with its first frame; yield the gap before it.

        Raises SourceError for regions that leave nothing of such a frame.
        """
        try:
            epoch.begin(frame)
        except ValueError as error:
            raise SourceError(self._source.info.address, str(error)) from error
        if self._arrivals is None:
            yield from epoch.missing_start()
        else:
            epoch.clock = self._live_clock(self._arrivals, epoch)
        began_utc = epoch.clock.utc(frame.pts_s)
        before = self._break
        if self._arrivals is not None and before and began_utc > utc_after(before.at_utc, MIN_GAP_S):
            yield Gap(self._camera.name, before.at_utc, began_utc, before.reason)
        yield EpochStarted(self._camera.name, epoch.number, began_utc)

    def _live_clock(self, arrivals: Arrivals, epoch: Epoch) -> MediaClock:
        """Return the clock of a live epoch that begins now; of the first one, its packets may have waited."""
        start = arrivals.now()
        before = self._break
        if before is not None and before.next_utc is not None and self._arrival.unbroken:
            start = parse_utc(before.next_utc)  # arrival says less where packets come in bursts
        elif arrivals.stream_epoch_utc is not None and not self.counts.timeline_breaks:
            start = arrivals.stream_epoch_utc + timedelta(seconds=epoch.media_start_s)
        return MediaClock(start, arrivals.now)

    def _break_epoch(
        self, reason: GapReason, at_s: float | None = None, *, restarted: bool = False
    ) -> Iterator[Seen]:
        """End the epoch and prepare the next one; the time between them is a gap of this reason.

        ``at_s`` is the stream time at which the next one begins; None while that is not known. ``restarted``
        is whether it follows at once, with other timestamps or another frame size.
        """
        self.counts.timeline_breaks += 1
        epoch = self._epoch
        yield from epoch.end()
        next_s = max(epoch.observed_to_s, epoch.last_s + MIN_EPOCH_S)
        if epoch.begun:
            next_utc = epoch.clock.utc(next_s) if restarted else None
            self._break = _Break(epoch.clock.utc(epoch.observed_to_s), reason, next_utc)
        self._clips.start_over(at_s)
        self._epoch = Epoch(self._camera, epoch.number + 1, epoch.clock.after(next_s))

    def warnings(self) -> list[str]:
        """Return what the user should know about this run so far, a line each."""
        lines = [line for line in (self.choice, self._source.warning) if line]
        if self.failure:
            lines.append(f"stopped early: {self.failure}")
        if self.clip_failure:
            failed = self.counts.clips_failed
            have = "window has" if failed == 1 else "windows have"
            lines.append(f"{failed} {have} no clip: {self.clip_failure}")
        if self.counts.damaged_packets:
            lines.append(f"{counted(self.counts.damaged_packets, 'damaged packet')} could not be decoded")
        if self.counts.timeline_breaks:
            lines.append(f"the timestamps started over {counted(self.counts.timeline_breaks, 'time')}")
        return lines
