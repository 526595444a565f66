"""A site with much to show: many cameras, a day of each, alerts, gaps, long names, texts like markup."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from analyzer.describe.moment import Moment
from analyzer.reel.records import Gap, GapReason
from analyzer.signal.window import Clip, Keyframe, Outcome, Window
from livereel.ledger.records import PENDING
from sinks.events import CameraState, CameraStatus
from sinks.web.settings import WebSettings
from tests.kit.films.numbered import film
from tests.kit.records.events import keyframe_preview, motion_changed, now_utc, reel_in, watching
from tests.kit.records.keyframe_files import snapshot
from tests.kit.records.windows import measured
from tests.kit.web.site import Site, serving

LONG_NAME = "north-west_parking_garage_entrance_second_level_behind_the_lift"
AWAY = "yard"
NEVER_SEEN = "attic"
BUSY = "front"
NAMES = (BUSY, AWAY, LONG_NAME, NEVER_SEEN, *(f"hall-{number}" for number in range(1, 9)))
MARKUP = '<b>bold</b> & "quoted" {{ 7*7 }}'
LONG_TEXT = (
    "A person in a red coat crosses the picture from left to right, stops at the door for a while, "
    "looks back, and goes on. "
) * 4
# Of each camera; every third of the busiest is described.
WINDOWS = 180
EVERY_S = 480


@contextmanager
def full_site(data: Path, settings: WebSettings | None = None) -> Iterator[Site]:
    """Serve it until the block ends."""
    with serving(data, settings, cameras=NAMES) as site:
        picture = data / "picture.jpg"
        picture.write_bytes(snapshot(at=0.5))
        film(picture.with_suffix(".mp4"), seconds=4.0)
        for name in NAMES:
            if name != NEVER_SEEN:
                _fill(site, name, picture)
        site.ledger.gaps.add(Gap(AWAY, now_utc(20_000), now_utc(14_000), GapReason.SOURCE_DOWN))
        site.ledger.gaps.open(AWAY, now_utc(3000), GapReason.SOURCE_STALLED)
        for seq in range(1, 4):
            reel = reel_in(data, LONG_NAME, seq)
            folder = data / "reels" / LONG_NAME / f"{seq:06}"
            (folder / "poster.jpg").write_bytes(snapshot(at=0.2))
            chapters = tuple(
                replace(
                    reel.chapters[0], sentence=LONG_TEXT[:110], reel_start_s=4.0 * n, reel_end_s=4.0 * n + 4
                )
                for n in range(7)
            )
            site.ledger.reels.add(replace(reel, title=f"{MARKUP} {LONG_TEXT[:60]}", chapters=chapters))
        _show(site)
        yield site


def _fill(site: Site, name: str, picture: Path) -> None:
    for index in range(WINDOWS):
        at = now_utc((WINDOWS - index) * EVERY_S)
        described = name == BUSY and index % 3 == 0
        window = measured(index, [(2.0, 900.0)] if described else (), camera=name, start_utc=at)
        if not described:
            site.ledger.windows.add(replace(window, end_s=window.start_s + 300), Outcome.QUIET)
            continue
        keyframes = (Keyframe(window.start_s + 2, 900.0, picture),)
        window = replace(window, keyframes=keyframes, clip=Clip(picture.with_suffix(".mp4"), window.start_s))
        site.ledger.windows.add(window, PENDING)
        site.ledger.windows.end(window.id, Outcome.DESCRIBED, _moment(window, index))


def _moment(window: Window, index: int) -> Moment:
    alerts = ("a person at the gate",) if index % 45 == 0 else ()
    title = MARKUP if index % 2 else "Someone waits at the door for a while"
    return Moment(
        window, title, LONG_TEXT, index % 10, ("person", "left-to-right"), "scripted", 0.1, alerts=alerts
    )


def _show(site: Site) -> None:
    for number, name in enumerate(NAMES):
        if name != NEVER_SEEN:
            site.take(watching(name), keyframe_preview(name, jpeg=snapshot(at=number / len(NAMES))))
    site.take(motion_changed(BUSY, moving=True))
    reason = "connection refused by 10.0.0.5, which is tried again in 30 s"
    site.take(CameraState(AWAY, CameraStatus.WAITING, reason, now_utc(3000)))
    site.take(_moment(measured(WINDOWS, [(2.0, 900.0)], camera=BUSY, start_utc=now_utc(30)), 1))
