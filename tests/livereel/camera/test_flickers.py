"""Cameras with clocks, lamps and taps in their picture: coded films, from the first window to the last."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from analyzer.signal.settings import Areas, WindowSettings
from analyzer.signal.window import Window
from livereel.camera.capture import Capture
from livereel.camera.clips import NoClips
from stream.av_source import AvSource
from tests.kit.films.flickers import (
    Draw,
    Picture,
    box,
    clock,
    drops,
    film,
    jittered,
    lamp,
    led,
    passing,
    stopwatch,
    ticker,
    traffic_light,
)
from tests.kit.program.command_line import CommandLine


def watched(path: Path, settings: WindowSettings | None = None) -> tuple[list[Window], Capture]:
    with AvSource(str(path)) as source:
        capture = Capture(source, "film", settings or WindowSettings(), NoClips(), None)
        return [item for item in capture.windows() if isinstance(item, Window)], capture


def check_quiet(path: Path) -> None:
    windows, capture = watched(path)
    assert [window.quiet for window in windows] == [True] * len(windows)
    assert all(window.activity.active_s == 0.0 and not window.activity.movers for window in windows)
    assert all(max(window.signal) <= window.threshold for window in windows)
    assert not any(window.peaks or window.keyframes for window in windows)
    assert capture.flickers


@pytest.mark.parametrize(("period_s", "fps"), [(0.5, 12), (0.5, 30), (1.0, 5), (1.0, 25), (2.0, 10)])
def test_a_film_of_a_clock_is_quiet(tmp_path: Path, period_s: float, fps: int) -> None:
    check_quiet(film(tmp_path / "film.mp4", [clock(10, 30, period_s=period_s)], seconds=20, fps=fps))


@pytest.mark.parametrize(
    ("place", "noise"), [((480, 30), 0.0), ((10, 345), 6.0), ((450, 345), 0.0), ((260, 180), 6.0)]
)
def test_wherever_the_clock_is(tmp_path: Path, place: tuple[int, int], noise: float) -> None:
    check_quiet(film(tmp_path / "film.mp4", [clock(*place)], seconds=20, fps=12, noise=noise))


@pytest.mark.parametrize(
    ("font", "scale"),
    [(cv2.FONT_HERSHEY_PLAIN, 1.8), (cv2.FONT_HERSHEY_COMPLEX, 1.0), (cv2.FONT_HERSHEY_TRIPLEX, 1.8)],
)
def test_whatever_it_is_written_in(tmp_path: Path, font: int, scale: float) -> None:
    drawn = [clock(10, 60, scale=scale, font=font)]
    check_quiet(film(tmp_path / "film.mp4", drawn, seconds=20, fps=15))


@pytest.mark.parametrize("fps", [5, 12, 25])
def test_a_stopwatch_is_one_too(tmp_path: Path, fps: int) -> None:
    check_quiet(film(tmp_path / "film.mp4", [stopwatch(10, 40)], seconds=20, fps=fps))


@pytest.mark.parametrize(
    ("on_s", "off_s", "fps"), [(0.5, 0.5, 10), (0.3, 0.7, 25), (0.7, 0.3, 30), (1.0, 1.0, 25), (0.6, 0.9, 10)]
)
def test_a_lamp_that_blinks_is_one_too(tmp_path: Path, on_s: float, off_s: float, fps: int) -> None:
    blinking = lamp(300, 200, on_s=on_s, off_s=off_s)
    check_quiet(film(tmp_path / "film.mp4", [blinking], seconds=20, fps=fps))


@pytest.mark.parametrize(
    ("on_s", "off_s", "fps"),
    [(0.5, 0.5, 10), (0.5, 0.5, 25), (0.3, 0.7, 10), (0.3, 0.7, 25), (1.0, 1.0, 10), (2.0, 2.0, 10)],
)
def test_a_light_that_changes_in_colour_alone_is_one_too(
    tmp_path: Path, on_s: float, off_s: float, fps: int
) -> None:
    blinking = led(300, 200, on_s=on_s, off_s=off_s)
    windows, capture = watched(film(tmp_path / "film.mp4", [], tints=[blinking], seconds=30, fps=fps))
    assert [window.quiet for window in windows[1:]] == [True] * 2
    assert capture.flickers


@pytest.mark.parametrize("apart_px", [60, 140])
def test_the_hazard_lights_of_a_car_are_one_too(tmp_path: Path, apart_px: int) -> None:
    both = [lamp(x, 200, on_s=0.35, off_s=0.32, radius_px=12) for x in (250, 250 + apart_px)]
    windows, capture = watched(film(tmp_path / "film.mp4", both, seconds=30, fps=25))
    assert [window.quiet for window in windows[1:]] == [True] * 2
    assert capture.flickers


@pytest.mark.parametrize(("every_s", "flash_s"), [(3.0, 0.1), (3.0, 0.5), (4.0, 0.2)])
def test_a_beacon_is_learned_from_seven_beats(tmp_path: Path, every_s: float, flash_s: float) -> None:
    beacon = lamp(300, 200, on_s=flash_s, off_s=every_s - flash_s)
    windows, capture = watched(film(tmp_path / "film.mp4", [beacon], seconds=50, fps=25))
    assert [window.quiet for window in windows[3:]] == [True] * 2
    assert capture.flickers


@pytest.mark.parametrize("fps", [10, 25])
def test_traffic_that_passes_at_regular_intervals_is_none(tmp_path: Path, fps: int) -> None:
    for every_s, size in ((10.0, (90, 50)), (5.0, (24, 14)), (3.0, (14, 30))):
        cars = passing(list(np.arange(1.0, 30.0, every_s)), 2.0, size=size)
        windows, capture = watched(film(tmp_path / "film.mp4", cars, seconds=30, fps=fps))
        assert not any(window.quiet for window in windows)
        assert not capture.flickers


def test_a_traffic_light_that_follows_the_traffic_is_none(tmp_path: Path) -> None:
    light = traffic_light(300, 100, jittered(8.0, 0.4, 60, 1))
    windows, capture = watched(film(tmp_path / "film.mp4", [light], seconds=60, fps=12))
    assert not all(window.quiet for window in windows)
    assert not capture.flickers


@pytest.mark.parametrize("seed", range(3))
def test_a_dripping_tap_is_none(tmp_path: Path, seed: int) -> None:
    times_s = np.cumsum(np.random.default_rng(seed).uniform(0.6, 3.0, 20)).tolist()
    windows, capture = watched(film(tmp_path / "film.mp4", [drops(300, 200, times_s)], seconds=30, fps=12))
    assert not any(window.quiet for window in windows)
    assert not capture.flickers


@pytest.mark.parametrize(("y", "from_s", "fps"), [(0, 23.0, 10), (10, 3.0, 25), (200, 3.0, 10)])
def test_who_passes_a_clock_is_found(tmp_path: Path, y: int, from_s: float, fps: int) -> None:
    drawn = [clock(10, 40), box(from_s, from_s + 4, y=y)]
    windows, _ = watched(film(tmp_path / "film.mp4", drawn, fps=fps, seconds=30))
    nth = int(from_s // 10)
    assert [window.quiet for window in windows] == [i != nth for i in range(3)]
    assert all(from_s <= peak.pts_s <= from_s + 4.5 for peak in windows[nth].peaks)
    mover = windows[nth].activity.movers[0]
    assert mover.start_s == pytest.approx(from_s, abs=0.5)
    assert mover.end_s == pytest.approx(from_s + 4, abs=0.5)


def test_who_is_hardly_larger_than_the_clock_is_found_crossing_it(tmp_path: Path) -> None:
    walker = box(12.0, 20.0, y=160, size=(20, 34))
    windows, _ = watched(film(tmp_path / "film.mp4", [clock(260, 180), walker], seconds=30, fps=15))
    assert [window.quiet for window in windows] == [True, False, True]
    assert len([k for k in windows[1].keyframes if 14.5 <= k.pts_s <= 17.5]) >= 2, (
        "while it crosses the clock"
    )


def _after(first: Draw, then: Draw, at_s: float) -> Draw:
    def draw(picture: Picture, now_s: float) -> None:
        (first if now_s < at_s else then)(picture, now_s)

    return draw


def test_a_lamp_that_becomes_a_tap_is_dropped(tmp_path: Path) -> None:
    times_s = (30 + np.cumsum(np.random.default_rng(5).uniform(0.6, 3.0, 20))).tolist()
    drawn = _after(lamp(300, 200, on_s=0.5, off_s=0.5), drops(300, 200, times_s), 30.0)
    windows, _ = watched(film(tmp_path / "film.mp4", [drawn], seconds=60, fps=12))
    assert [window.quiet for window in windows] == [True, True, True, False, False, False]


def test_the_signal_of_the_notebook_knows_no_clock(tmp_path: Path) -> None:
    settings = WindowSettings()
    notebook = WindowSettings(motion=type(settings.motion)(signal="notebook"))
    windows, capture = watched(film(tmp_path / "film.mp4", [clock(10, 40)], seconds=20), notebook)
    assert not capture.flickers
    assert all(window.signal_max > 0 for window in windows)


def test_a_scan_logs_once_what_does_not_count(livereel: CommandLine, tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", [clock(10, 40)], seconds=40)
    for options in ([], ["--json"]):
        ended = livereel("scan", path, *options)
        (line,) = ended.err.splitlines()
        assert line.startswith("livereel: note: a clock or a lamp at ")
        assert "every 1.0 s" in line
        assert len(ended.out.splitlines()) == 4


def test_the_clock_of_a_real_overlay(shared_media: Path) -> None:
    windows, _ = watched(shared_media / "cases" / "osd_clock.mp4")
    assert [window.quiet for window in windows] == [True, True, False, True]
    assert all(23.0 <= peak.pts_s <= 27.2 for peak in windows[2].peaks)


@pytest.mark.parametrize(("speed_px_s", "fps"), [(40, 10), (90, 25), (300, 25)])
def test_scrolling_text_is_named_with_the_region_to_ignore(
    tmp_path: Path, livereel: CommandLine, speed_px_s: float, fps: int
) -> None:
    """It still counts; with the region in the configuration it does not, and who walks above it does."""
    walker = box(12.0, 16.0, y=150)
    path = film(
        tmp_path / "film.mp4", [ticker(350, speed_px_s=speed_px_s), walker], seconds=40, fps=fps, noise=1.5
    )
    windows, capture = watched(path)
    assert not any(window.quiet for window in windows)
    (band,) = capture.flickers
    assert band.counts
    assert (band.x_px, band.width_px) == (0, 640)
    assert 310 <= band.y_px <= 330
    assert 350 <= band.y_px + band.height_px <= 360
    line = str(band)
    assert line in livereel("scan", path).err.replace("\n", " ")
    (polygon,) = json.loads(line.partition("ignore: ")[2])
    left_out, _ = watched(path, WindowSettings(areas=Areas(ignore=(tuple(map(tuple, polygon)),))))
    assert [window.quiet for window in left_out] == [True, False, True, True]


@pytest.mark.parametrize("scene", ["traffic", "nothing"])
def test_traffic_on_a_road_is_no_scrolling_text(tmp_path: Path, scene: str) -> None:
    cars = [box(at_s, at_s + 4.0, y=200, size=(90, 40)) for at_s in range(0, 38, 2)]
    path = film(tmp_path / "film.mp4", cars if scene == "traffic" else [], seconds=40, fps=12, noise=2.0)
    assert not [flicker for flicker in watched(path)[1].flickers if flicker.counts]
