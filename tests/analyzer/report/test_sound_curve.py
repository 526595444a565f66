"""The level of the sound in a chart: where it is drawn, and what is left open."""

from __future__ import annotations

import re
from dataclasses import replace

from analyzer.report.axis import Axis, horizon
from analyzer.report.page import plot
from analyzer.report.sound_curve import SHARE, SPEECH_SHARE, SoundCurve, sound_curve
from analyzer.signal.sound.record import Sound, SoundPeak, Speech
from analyzer.signal.window import Window
from tests.kit.records.windows import measured

WIDTH, HEIGHT = 10_000, 1_000


def loud(index: int, level_db: float | None = -40.0, *, peak_s: float | None = None) -> Window:
    """A window of this level throughout; with a peak, if one is given, at -10 dB."""
    peaks = () if peak_s is None else (SoundPeak(10 * index + peak_s, -10.0, 30.0),)
    sound = Sound(-10.0, -40.0, -30.0, peaks, (level_db,) * 50)
    return replace(measured(index), sound=sound)


def curve(*windows: Window, max_points: int = 10_000) -> SoundCurve:
    axis = Axis.of(windows, (), media_time=True)
    shown = horizon(windows, (), axis)
    return sound_curve(windows, axis, shown, width=WIDTH, height=HEIGHT, max_points=max_points, max_marks=50)


def test_the_level_is_drawn_at_the_lower_edge() -> None:
    drawn = curve(loud(0), loud(1))
    tops = {int(top) for top in re.findall(r"L\d+ (\d+)", drawn.area)}
    assert tops == {round(HEIGHT * (1 - SHARE / 2))}  # -40 is half way from -70 to -10
    assert drawn.area.count("M") == 1


def test_time_without_sound_is_left_open() -> None:
    assert curve(loud(0), loud(1, None), loud(2)).area.count("M") == 2
    assert curve(loud(0), measured(1), loud(2)).area.count("M") == 2


def test_windows_without_sound_have_no_curve() -> None:
    assert curve(measured(0)) == SoundCurve()


def test_peaks_of_sound_are_dots_at_their_time_and_level() -> None:
    drawn = curve(loud(0), loud(1, peak_s=5.0))
    assert drawn.dots == f"M7500 {round(HEIGHT * (1 - SHARE))}h0"
    assert drawn.peaks == 1


def test_a_long_time_is_thinned_to_its_highest_levels() -> None:
    drawn = curve(*(loud(index) for index in range(60)), loud(60, -10.0), max_points=100)
    assert len(re.findall("L", drawn.area)) <= 100
    assert f" {round(HEIGHT * (1 - SHARE))}" in drawn.area


def test_speech_is_a_bar_at_the_lower_edge_over_the_borders_of_windows() -> None:
    first, second = loud(0), loud(1)
    said = (Speech(6.0, 7.0), Speech(9.0, 10.0)), (Speech(10.0, 12.0),)
    windows = []
    for each, own in zip((first, second), said, strict=True):
        assert each.sound is not None
        windows.append(replace(each, sound=replace(each.sound, speech=own)))
    top = round(HEIGHT * (1 - SPEECH_SHARE))
    assert curve(*windows).bars == "".join(
        f"M{left} {top}H{right}V{HEIGHT}H{left}Z" for left, right in ((3000, 3500), (4500, 6000))
    )
    assert curve(first).bars == ""
    assert 'class="speech"' in plot(windows, title="a")
    assert 'class="speech"' not in plot([first], title="a")


def test_a_page_shows_the_level_only_where_there_is_sound() -> None:
    assert 'class="sound"' in plot([loud(0, peak_s=2.0)], title="a")
    assert "1 peak" not in plot([measured(0)], title="a")
    assert "Sound level" not in plot([measured(0, [(2.0, 900.0)])], title="a")
