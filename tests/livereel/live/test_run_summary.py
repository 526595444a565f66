"""The line with which a run ends: what was seen, and which cameras were not observed for how long."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from analyzer.reel.records import Gap, GapReason
from base.clock import parse_utc, utc_after
from livereel.live.run_summary import RunSummary
from sinks.events import CameraState, CameraStatus
from tests.kit.records.windows import START_UTC


def gap(camera: str, start_s: float, end_s: float) -> Gap:
    return Gap(camera, utc_after(START_UTC, start_s), utc_after(START_UTC, end_s), GapReason.SOURCE_DOWN)


@pytest.mark.parametrize(
    ("cameras", "gaps", "said"),
    [
        ("a", [], ""),
        ("a", [gap("a", 0, 60), gap("a", 90, 100)], "; not observed: 1:10"),
        ("ab", [gap("a", 0, 600), gap("b", -60, 900)], "; not observed: 10:00 of a, 10:00 of b"),
        ("ab", [gap("b", 0, 30), gap("a", 0, 0.5)], "; not observed: 0:30 of b"),
        (
            "abcde",
            [gap(name, 0, 60 * n) for n, name in enumerate("abcde", 1)],
            "; not observed: 5:00 of e, 4:00 of d, 3:00 of c and 2 more cameras",
        ),
    ],
)
def test_times_of_cameras_are_not_added_up(cameras: str, gaps: list[Gap], said: str) -> None:
    start = parse_utc(START_UTC)
    summary = RunSummary({name: f"rtsp://{name}/" for name in cameras}, start)
    text = summary.text(gaps, start + timedelta(minutes=10))
    assert text == f"seen in 10:00: 0 windows, 0 moments, 0 reels{said}"


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ([("a", CameraStatus.ENDED, 60), ("b", CameraStatus.ENDED, 65)], "1:05"),
        ([("a", CameraStatus.ENDED, 60), ("b", CameraStatus.WAITING, 65)], "10:00"),
        (
            [("a", CameraStatus.ENDED, 60), ("b", CameraStatus.ENDED, 65), ("a", CameraStatus.WATCHING, 90)],
            "10:00",
        ),
    ],
    ids=["both have ended", "one goes on", "one is watched again"],
)
def test_a_run_lasts_until_its_last_camera_ends(
    states: list[tuple[str, CameraStatus, float]], said: str
) -> None:
    """Reels may be made for long after that, and nothing is seen meanwhile."""
    start = parse_utc(START_UTC)
    summary = RunSummary({"a": "rtsp://a/", "b": "rtsp://b/"}, start)
    for camera, state, at_s in states:
        asyncio.run(summary.take(CameraState(camera, state, None, utc_after(START_UTC, at_s))))
    text = summary.text([], start + timedelta(minutes=10))
    assert text == f"seen in {said}: 0 windows, 0 moments, 0 reels"
