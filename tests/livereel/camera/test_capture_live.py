"""The loop over a camera: wall time, pauses, and pictures that come faster than they can be decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from av.packet import Packet
from av.stream import Stream

from analyzer.reel.records import Gap
from analyzer.signal.settings import WindowSettings
from analyzer.signal.window import Window
from base.clock import parse_utc, utc_after, utc_text
from livereel.camera.arrivals import MAX_BEHIND_S
from livereel.camera.capture import Capture
from livereel.camera.clips import BufferClips, Clipper, NoClips
from livereel.camera.reports import Seen
from sinks.events import EpochStarted, KeyframePreview, MotionChanged
from stream.av_source import AvSource
from tests.kit.films.footage import Look, write_file

START = datetime(2026, 3, 12, 14, 0, tzinfo=UTC)
# The disc crosses in the first two seconds of ten.
FILM = Look(width_px=320, height_px=240, round_s=10, moving_s=2.0)
WINDOWS = WindowSettings(window_s=5.0, keyframe_px=160)


@dataclass(frozen=True)
class ArrivalClock:
    """When a packet comes, in seconds after the camera's zero, and how long it then waits to be taken."""

    at_s: float
    waited_s: float = 0.0


class Camera(AvSource):
    """A film whose packets come as a script says, which gives None for those that never come."""

    def __init__(self, film: Path, script: Callable[[float], ArrivalClock | None]) -> None:
        super().__init__(str(film))
        self._script = script
        self._now = START
        self.behind_s = 0.0
        self.stream_epoch_utc: datetime | None = START

    def packets(self) -> Iterator[Packet[Stream]]:
        first_s: float | None = None
        for packet in super().packets():
            pts_s = float((packet.pts or 0) * packet.time_base)
            if first_s is None:
                first_s = pts_s
                self.stream_epoch_utc = START - timedelta(seconds=first_s)
            arrival = self._script(pts_s - first_s)
            if arrival is not None:
                self._now = START + timedelta(seconds=arrival.at_s)
                self.behind_s = arrival.waited_s
                yield packet

    def arriving(self) -> Iterator[Packet[Stream] | None]:
        return self.packets()

    def now(self) -> datetime:
        return self._now


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty seconds, as a camera sends them."""
    return write_file(tmp_path_factory.mktemp("film") / "film.ts", FILM, rounds=3)


def watch(camera: Camera, clips: Clipper | None = None) -> tuple[list[Seen], Capture]:
    capture = Capture(camera, "front", WINDOWS, clips or NoClips(), None, arrivals=camera)
    try:
        return list(capture.run()), capture
    finally:
        camera.close()


def windows(seen: list[Seen]) -> list[Window]:
    return [it for it in seen if isinstance(it, Window)]


def end_utc(window: Window) -> str:
    return utc_after(window.start_utc, window.end_s - window.start_s)


def since_start_s(utc: str) -> float:
    return (parse_utc(utc) - START).total_seconds()


def test_windows_have_wall_time(film: Path) -> None:
    seen, capture = watch(Camera(film, lambda at_s: ArrivalClock(at_s + 0.2)))
    assert isinstance(seen[0], EpochStarted)
    assert seen[0].at_utc == utc_text(START)
    starts = [since_start_s(window.start_utc) for window in windows(seen)]
    assert starts == pytest.approx([0, 5, 10, 15, 20, 25], abs=0.3)
    assert capture.counts.timeline_breaks == 0


def test_movement_and_its_picture_are_published_before_the_window_ends(film: Path) -> None:
    seen, _ = watch(Camera(film, ArrivalClock))
    stirrings = [it for it in seen if isinstance(it, MotionChanged)]
    assert [it.moving for it in stirrings[:4]] == [True, False, True, False]
    second = [since_start_s(it.at_utc) for it in stirrings[2:4]]
    assert 10.0 <= second[0] <= 10.5
    assert 12.0 <= second[1] <= 13.5
    keyframe_preview = next(it for it in seen if isinstance(it, KeyframePreview))
    assert keyframe_preview.jpeg.startswith(b"\xff\xd8")
    assert seen.index(keyframe_preview) < seen.index(windows(seen)[0])
    assert keyframe_preview.window_id == windows(seen)[0].id


def test_a_pause_is_a_gap_between_two_epochs(film: Path) -> None:
    """Seven seconds of packets never come; their time goes by."""
    seen, _ = watch(Camera(film, lambda at_s: None if 12 <= at_s < 19 else ArrivalClock(at_s)))
    (gap,) = [it for it in seen if isinstance(it, Gap)]
    assert gap.reason == "source_stalled"
    assert since_start_s(gap.start_utc) == pytest.approx(12.0, abs=0.3)
    assert since_start_s(gap.end_utc) == pytest.approx(19.0, abs=0.5)
    assert [it.epoch for it in seen if isinstance(it, EpochStarted)] == [0, 1]
    last, first = next((a, b) for a, b in pairwise(windows(seen)) if a.epoch < b.epoch)
    assert end_utc(last) == gap.start_utc
    assert first.start_utc == gap.end_utc


def test_movement_that_an_epoch_ends_with_is_reported_as_over(film: Path) -> None:
    """The pause begins while the disc crosses."""
    seen, _ = watch(Camera(film, lambda at_s: None if 11 <= at_s < 19 else ArrivalClock(at_s)))
    changes = [it for it in seen if isinstance(it, EpochStarted | MotionChanged)]
    second = next(n for n, it in enumerate(changes) if isinstance(it, EpochStarted) and it.epoch == 1)
    before = changes[second - 1]
    assert isinstance(before, MotionChanged)
    assert not before.moving
    assert changes[second - 2] != before


def test_a_short_pause_breaks_nothing(film: Path) -> None:
    seen, capture = watch(Camera(film, lambda at_s: None if 14 <= at_s < 16 else ArrivalClock(at_s)))
    assert not [it for it in seen if isinstance(it, Gap)]
    assert capture.counts.timeline_breaks == 0


def test_a_jam_that_is_made_up_for_costs_nothing(film: Path) -> None:
    """For six seconds nothing comes, then all of it at once, as over TCP."""
    seen, capture = watch(Camera(film, lambda at_s: ArrivalClock(18.0 if 12 <= at_s < 18 else at_s)))
    assert not [it for it in seen if isinstance(it, Gap)]
    assert capture.counts.timeline_breaks == 0
    assert [since_start_s(w.start_utc) for w in windows(seen)] == pytest.approx(
        [0, 5, 10, 15, 20, 25], abs=0.3
    )


def test_a_camera_whose_clock_stood_still_is_taken_up_at_the_right_time(film: Path) -> None:
    """After twelve seconds all comes twenty seconds late, for good; the timestamps do not show it."""
    seen, _ = watch(Camera(film, lambda at_s: ArrivalClock(at_s if at_s < 12 else at_s + 20)))
    assert [it.epoch for it in seen if isinstance(it, EpochStarted)] == [0, 1]
    last = windows(seen)[-1]
    assert since_start_s(end_utc(last)) == pytest.approx(50.0, abs=0.5)
    (gap,) = [it for it in seen if isinstance(it, Gap)]
    assert (parse_utc(gap.end_utc) - parse_utc(gap.start_utc)).total_seconds() == pytest.approx(20.0, abs=1.0)


@pytest.mark.parametrize("segment_s", [0.0, 2.0])
def test_timestamps_that_start_over_cost_nothing(film: Path, tmp_path: Path, segment_s: float) -> None:
    """The film plays twice, with the same timestamps; in segments it comes two seconds at a time."""
    newest_s = round_s = 0.0

    def script(at_s: float) -> ArrivalClock:
        nonlocal newest_s, round_s
        if at_s < newest_s - 1:
            round_s += 30.0
        newest_s = at_s
        at_s += round_s
        return ArrivalClock(at_s if not segment_s else (at_s // segment_s + 1) * segment_s)

    twice = tmp_path / "twice.ts"
    twice.write_bytes(film.read_bytes() * 2)
    seen, _ = watch(Camera(twice, script))
    assert not [it for it in seen if isinstance(it, Gap)]
    assert [it.epoch for it in seen if isinstance(it, EpochStarted)] == [0, 1]
    starts = [since_start_s(window.start_utc) for window in windows(seen)]
    assert starts == pytest.approx([5.0 * nth for nth in range(12)], abs=0.5)


def test_packets_that_cannot_be_decoded_in_time_are_skipped_and_reported(film: Path) -> None:
    """From eleven seconds on packets wait too long; from seventeen on they are fresh again."""

    def script(at_s: float) -> ArrivalClock:
        return ArrivalClock(at_s, MAX_BEHIND_S + 1 if 11 <= at_s < 17 else 0.0)

    seen, capture = watch(Camera(film, script))
    assert capture.counts.skipped_packets == 60
    assert capture.counts.timeline_breaks == 0
    assert not [it for it in seen if isinstance(it, Gap)]
    assert len(windows(seen)) == 6
    missed = {round(w.start_s): round(w.missed_s, 1) for w in windows(seen) if w.missed_s}
    assert missed == {10: pytest.approx(4.1, abs=0.2), 15: pytest.approx(2.0, abs=0.2)}


def test_what_was_not_looked_at_is_still_in_the_clip(film: Path, tmp_path: Path) -> None:
    camera = Camera(film, lambda at_s: ArrivalClock(at_s, MAX_BEHIND_S + 1 if 11 <= at_s < 14 else 0.0))
    seen, _ = watch(camera, BufferClips(camera, tmp_path, WINDOWS.window_s))
    window = next(w for w in windows(seen) if w.missed_s)
    assert window.clip is not None
    with AvSource(str(window.clip.path)) as clip:
        pictures = sum(1 for packet in clip.packets() if packet.stream.type == "video")
    assert pictures >= 5 * FILM.fps


def test_a_run_that_ends_after_one_frame_has_a_window_as_long_as_the_frame_is_shown(film: Path) -> None:
    """A frame is shown until the next one: for a typical interval where there is none."""
    with Camera(film, lambda at_s: ArrivalClock(at_s) if at_s <= 0 else None) as camera:
        seen, capture = watch(camera)
    assert capture.counts.frames == 1
    (window,) = [it for it in seen if isinstance(it, Window)]
    assert window.end_s == pytest.approx(1 / FILM.fps, abs=0.002)
