"""Films whose movers are known exactly, encoded: how many are counted, and which way they go."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from analyzer.describe.builtin.describer import BuiltinDescriber
from tests.kit.films.staged import KINDS, stage
from tests.kit.records.counting import windows_of

HARD = ("abreast", "three", "three lengthwise", "five")


# bench/counts.py measures how often that holds for any seed.
@pytest.mark.parametrize("seed", [5, 7])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in HARD])
def test_each_kind_of_film_is_counted_rightly(kind: str, seed: int, tmp_path: Path) -> None:
    staged = stage(kind, seed)
    activity = windows_of(staged.write(tmp_path / "film.mp4", "ultrafast"))[0].activity
    assert (len(activity.movers), activity.at_once) == (staged.in_all, staged.at_once)


@pytest.mark.parametrize("seed", [5, 7])
@pytest.mark.parametrize("kind", HARD)
def test_those_that_hide_each_other_are_never_counted_too_high(kind: str, seed: int, tmp_path: Path) -> None:
    staged = stage(kind, seed)
    activity = windows_of(staged.write(tmp_path / "film.mp4"))[0].activity
    assert 1 <= activity.at_once <= staged.at_once


@pytest.mark.parametrize(("kind", "seed"), [("three", 4), ("three lengthwise", 5)])
def test_those_that_touch_at_different_speeds_are_counted_rightly(
    kind: str, seed: int, tmp_path: Path
) -> None:
    staged = stage(kind, seed)
    activity = windows_of(staged.write(tmp_path / "film.mp4"))[0].activity
    assert activity.at_once == staged.at_once == 3


@pytest.mark.parametrize("seed", [51, 52, 53])
def test_the_way_of_one_that_crosses_is_measured(seed: int, tmp_path: Path) -> None:
    staged = stage("alone", seed)
    (actor,) = staged.actors
    window = windows_of(staged.write(tmp_path / "film.mp4"))[0]
    moment = asyncio.run(BuiltinDescriber().describe(window))
    way = "left to right" if actor.way[-1][1] > actor.way[0][1] else "right to left"
    assert way in moment.text
    assert way.replace(" ", "-") in moment.tags


@pytest.mark.parametrize(
    ("name", "counts"), [("car-detection.mp4", (1, 2, 1)), ("football_juggle_720p.mp4", (1,))]
)
def test_real_clips_are_counted_rightly(shared_media: Path, name: str, counts: tuple[int, ...]) -> None:
    windows = windows_of(shared_media / name)[: len(counts)]
    assert tuple(len(window.activity.movers) for window in windows) == counts
    assert tuple(window.activity.at_once for window in windows) == counts
    if counts == (1, 2, 1):
        text = asyncio.run(BuiltinDescriber().describe(windows[1])).text
        assert re.search(r"two movers.*(opposite|one (up|down) the picture, the other)", text.lower())


def test_people_in_a_crowd_are_not_counted_too_high(shared_media: Path) -> None:
    name = shared_media / "vtest_pedestrians_480x360.mp4"
    # Three to nine people are there nearly all the time.
    assert all(1 <= window.activity.at_once <= 9 for window in windows_of(name))
