"""Stored windows measured again: the same with the same settings, and what other settings would pick."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer.signal.settings import Areas, PeakSettings, WindowSettings, rectangle
from analyzer.signal.window import Window
from livereel.ledger.ledger import Ledger
from livereel.replay.engine import Replayed, ReplayError, picture_px, replay
from livereel.replay.process import ReplayJob, replay_in_process
from tests.kit.films.flickers import SIZE, film, passing
from tests.kit.program.recorded import record

SETTINGS = WindowSettings(window_s=5.0, keyframe_px=160)
LOWER = rectangle(0, 145, SIZE[0], SIZE[1] - 145)  # with a margin for the blur


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Window]]:
    """Six windows: boxes pass in the second and third (low), none in the fourth, one in the fifth (high)."""
    base = tmp_path_factory.mktemp("data")
    low, high = passing([6.0, 11.0, 13.0], 1.5, y=180), passing([21.0], 2.0, y=30)
    file = film(base / "film.mp4", [*low, *high], seconds=30, noise=2.0)
    with closing(Ledger(base)) as ledger:
        yield record(ledger, file, "front", SETTINGS)


def times(found: list[Replayed]) -> dict[str, list[float]]:
    return {it.window_id: [keyframe.pts_s for keyframe in it.keyframes] for it in found}


def measured(windows: list[Window], settings: WindowSettings = SETTINGS) -> list[Replayed]:
    return list(replay(windows, settings).windows)


def test_only_windows_with_a_clip_are_measured(windows: list[Window]) -> None:
    assert [window.quiet for window in windows] == [True, False, False, True, False, True]
    found = replay(windows, SETTINGS)
    assert [it.window_id for it in found.windows] == [it.id for it in windows if not it.quiet]
    assert found.picture_px == SIZE == picture_px(windows[1])


def test_unchanged_settings_pick_the_same_again(windows: list[Window]) -> None:
    found = times(measured(windows))
    for window in windows:
        if not window.quiet:
            stored = [keyframe.pts_s for keyframe in window.keyframes]
            assert found[window.id] == pytest.approx(stored, abs=0.3)


def test_the_signal_is_where_it_was(windows: list[Window]) -> None:
    for it in measured(windows):
        window = next(window for window in windows if window.id == it.window_id)
        highest = max(range(len(window.signal)), key=window.signal.__getitem__)
        assert len(it.signal) == 25
        assert it.signal[highest] == pytest.approx(window.signal_max, rel=0.25)
        assert it.threshold > 0


def test_what_an_area_leaves_out_is_not_picked(windows: list[Window]) -> None:
    low, high = (replace(SETTINGS, areas=it) for it in (Areas((LOWER,)), Areas(ignore=(LOWER,))))
    picked_low, picked_high = times(measured(windows, low)), times(measured(windows, high))
    second, third, fifth = (windows[n].id for n in (1, 2, 4))
    assert picked_low[second]
    assert picked_low[third]
    assert not picked_low[fifth]
    assert not picked_high[second]
    assert not picked_high[third]
    assert picked_high[fifth]


def test_other_peaks_are_picked(windows: list[Window]) -> None:
    one = replace(SETTINGS, peaks=PeakSettings(max_keyframes=1))
    assert [len(keyframes) for keyframes in times(measured(windows, one)).values()] == [1, 1, 1]
    assert len(times(measured(windows))[windows[2].id]) >= 2


def test_pictures_are_of_the_size_that_was_asked_for(windows: list[Window]) -> None:
    keyframe = measured(windows)[0].keyframes[0]
    assert keyframe.jpeg.startswith(b"\xff\xd8")


def test_a_clip_that_has_gone_costs_its_window_alone(windows: list[Window], tmp_path: Path) -> None:
    gone = windows[2].clip
    assert gone is not None
    left = list(windows)
    left[2] = replace(windows[2], clip=replace(gone, path=tmp_path / "gone.mp4"))
    assert [it.window_id for it in measured(left)] == [windows[1].id, windows[4].id]
    with pytest.raises(ReplayError, match="no clip of this time can be read"):
        replay([left[2]], SETTINGS)
    with pytest.raises(ReplayError, match="no clip of this time can be read: there is no clip"):
        replay([windows[0]], SETTINGS)


def test_areas_that_leave_nothing_are_an_error(windows: list[Window]) -> None:
    nothing = replace(SETTINGS, areas=Areas(ignore=(rectangle(0, 0, *SIZE),)))
    with pytest.raises(ReplayError, match="leave nothing of the picture"):
        replay(windows, nothing)


def test_a_process_does_it_and_is_ended_when_it_takes_too_long(windows: list[Window]) -> None:
    job = ReplayJob(tuple(windows), SETTINGS)
    assert times(list(asyncio.run(replay_in_process(job)).windows)) == times(measured(windows))
    assert asyncio.run(replay_in_process(ReplayJob((windows[1],), None))).picture_px == SIZE
    with pytest.raises(ReplayError, match=r"^not done within 0\.01 s$"):
        asyncio.run(replay_in_process(job, max_s=0.01))
    with pytest.raises(ReplayError, match="there is no clip"):
        asyncio.run(replay_in_process(ReplayJob((windows[0],), None)))
