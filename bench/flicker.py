"""What is learned of small things that change: clocks, lamps and colours, and not taps and traffic.

Each film is 80 s of one fixed camera, encoded as H.264, in which a box as large as a person crosses the place
from 60 s on. One JSON line for each film: its kind, frames and changes a second, whether it is regular, after
how many seconds of it a region was learned, how many windows of 10 s were active before that and after (the
box's own left out), whether the box was found, and the microseconds a frame of FlickerFilter alone. Then one
line for all regular films, and one for all others.

    .venv/bin/python bench/flicker.py [--kinds clock,led] [--fps 10,25]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the tests' films

from analyzer.signal.flicker.filter import FlickerFilter
from analyzer.signal.motion import Motion, MotionMeter
from analyzer.signal.settings import WindowSettings
from analyzer.signal.windower import MeasuredWindow, Windower
from stream.av_source import AvSource
from stream.frames.decoder import FrameDecoder
from stream.frames.frame import Frame
from tests.kit.films.flickers import (
    Draw,
    Tint,
    box,
    clock,
    drops,
    film,
    jittered,
    lamp,
    led,
    passing,
    stopwatch,
    traffic_light,
)

_SECONDS, _FROM_S, _TO_S = 80, 60.0, 64.0
_X, _Y = 300, 210


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that changes.

    Attributes:
        kind, rate: what it is, and how often it changes, for people.
        drawn, tints: as ``film`` takes them.
        regular: whether it is to be learned.
    """

    kind: str
    rate: str
    drawn: tuple[Draw, ...] = ()
    tints: tuple[Tint, ...] = ()
    regular: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """What is printed of a film; see the module."""

    kind: str
    rate: str
    fps: int
    regular: bool
    learned_s: float | None
    active_before: int
    active_after: int
    event_found: bool
    us_per_frame: float


def cases() -> Iterator[Case]:
    """Everything that is tried."""
    yield from (Case("clock", f"{s} s", (clock(_X - 60, _Y, period_s=s),)) for s in (0.5, 1.0, 2.0))
    yield Case("stopwatch", "0.01 s", (stopwatch(_X - 60, _Y),))
    for on_s, off_s in ((0.35, 0.35), (0.5, 0.5), (0.3, 0.7), (1.0, 1.0), (2.0, 2.0)):
        yield Case("lamp", f"{on_s} + {off_s} s", (lamp(_X, _Y, on_s=on_s, off_s=off_s),))
        yield Case("led", f"{on_s} + {off_s} s", tints=(led(_X, _Y, on_s=on_s, off_s=off_s),))
    for every_s, flash_s in ((2.0, 0.1), (3.0, 0.1), (3.0, 0.2), (3.0, 0.5), (5.0, 0.5)):
        flash = lamp(_X, _Y, on_s=flash_s, off_s=every_s - flash_s)
        yield Case("beacon", f"{flash_s} of {every_s} s", (flash,))
    for nth, (period_s, jitter) in enumerate((p, j) for p in (1.0, 2.0, 4.0) for j in (0.15, 0.25, 0.4)):
        tap = drops(_X, _Y, jittered(period_s, jitter, _SECONDS, nth))
        yield Case("tap", f"{period_s} s, {jitter:.0%} jitter", (tap,), regular=False)
    lights = traffic_light(_X, _Y, jittered(6.0, 0.3, _SECONDS, 1))
    yield Case("traffic light", "6.0 s, 30% jitter", (lights,), regular=False)
    for every_s, size in ((10.0, (90, 50)), (5.0, (24, 14))):
        cars = passing([every_s * nth for nth in range(int(_SECONDS / every_s))], 2.0, y=200, size=size)
        yield Case("traffic", f"{every_s} s, {size[0]}x{size[1]} px", tuple(cars), regular=False)


def measure(case: Case, fps: int) -> Row:
    """Write, decode and measure the film of a case."""
    with tempfile.TemporaryDirectory() as folder:
        drawn = (*case.drawn, box(_FROM_S, _TO_S, y=160))
        path = film(Path(folder) / "film.mp4", drawn, tints=case.tints, fps=fps, seconds=_SECONDS)
        frames = list(_frames(path))
    windower = Windower(WindowSettings(), *frames[0].source_size_px)
    windows: list[MeasuredWindow] = []
    learned_s = None
    for frame in frames:
        windows += windower.push(frame)
        if learned_s is None and windower.flickers:
            learned_s = round(frame.pts_s, 1)
    last = windower.close()
    windows += [last] if last else []
    event = next(window for window in windows if window.start_s <= _FROM_S < window.end_s)
    active = [window for window in windows if not window.quiet and window is not event]
    before = [window for window in active if learned_s is None or window.end_s <= learned_s + 1e-3]
    return Row(
        kind=case.kind,
        rate=case.rate,
        fps=fps,
        regular=case.regular,
        learned_s=learned_s,
        active_before=len(before),
        active_after=len(active) - len(before),
        event_found=any(_FROM_S <= peak.pts_s <= _TO_S + 0.5 for peak in event.peaks),
        us_per_frame=_cost_us(frames),
    )


def _frames(path: Path) -> Iterator[Frame]:
    settings = WindowSettings()
    with AvSource(str(path)) as source:
        size = settings.motion.width_px, settings.motion.height_px
        decoder = FrameDecoder(source.video, *size, max_fps=settings.motion.measured_fps, chroma=True)
        for packet in source.packets():
            if packet.stream.type == "video":
                yield from decoder.decode(packet).frames
        yield from decoder.decode(None).frames


def _cost_us(frames: Sequence[Frame]) -> float:
    """The CPU time a frame that learning and hiding take, the least of three runs."""
    meter = MotionMeter(WindowSettings().motion, *frames[0].source_size_px)
    motions = [meter.measure(frame.pts_s, frame.luma, frame.chroma) for frame in frames]
    return round(min(_run_s(motions) for _ in range(3)) / len(motions) * 1e6, 1)


def _run_s(motions: Sequence[Motion]) -> float:
    flickers = FlickerFilter(640, 360)
    started_s = time.process_time()
    for motion in motions:
        flickers.push(motion)
    return time.process_time() - started_s


def summary(rows: Sequence[Row], *, regular: bool) -> Mapping[str, object]:
    """What is printed of all regular films, or of all others."""
    mine = [row for row in rows if row.regular == regular]
    learned_s = [row.learned_s for row in mine if row.learned_s is not None]
    return {
        "regular": regular,
        "films": len(mine),
        "learned": len(learned_s),
        "learned_s": [statistics.median(learned_s), max(learned_s)] if learned_s else None,
        "active_after": sum(row.active_after for row in mine),
        "events_found": sum(row.event_found for row in mine),
        "us_per_frame": statistics.median(row.us_per_frame for row in mine) if mine else None,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kinds", default="", help="kinds, separated by commas; all if empty")
    parser.add_argument("--fps", default="5,10,25", help="frame rates, separated by commas")
    arguments = parser.parse_args()
    kinds = set(filter(None, arguments.kinds.split(",")))
    rows = []
    for case in cases():
        for fps in map(int, arguments.fps.split(",")):
            if not kinds or case.kind in kinds:
                rows.append(measure(case, fps))
                print(json.dumps(asdict(rows[-1])), flush=True)
    for regular in (True, False):
        print(json.dumps(summary(rows, regular=regular)))


if __name__ == "__main__":
    main()
