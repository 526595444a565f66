"""Which reels a run has, and how far each looks back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from analyzer.reel.settings import ReelSettings
from livereel.config.schema import Config, ConfigError
from livereel.reels.settings import NamedReel
from livereel.reels.spec import KEPT_ROLLING, reel_specs

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
BLOCK = ReelSettings(every_s=30.0, horizon_s=600.0, max_duration_s=40.0)
DAY = NamedReel("day", at="20:00", timezone="Europe/Berlin", cameras=("front",))


def test_without_a_list_each_camera_has_a_rolling_reel_and_several_one_together() -> None:
    (alone,) = reel_specs(Config(reel=BLOCK), ["front"], START)
    assert (alone.name, alone.cameras, alone.keep, alone.settings) == (
        "front",
        ("front",),
        KEPT_ROLLING,
        BLOCK,
    )
    assert alone.schedule.next_after(START) == START + timedelta(seconds=30)
    assert alone.since(START) == START - timedelta(minutes=10)
    specs = reel_specs(Config(reel=BLOCK), ["front", "yard"], START)
    assert {spec.name: spec.cameras for spec in specs} == {
        "front": ("front",),
        "yard": ("yard",),
        "all": ("front", "yard"),
    }


def test_a_list_replaces_them_and_takes_its_defaults_from_the_block() -> None:
    reels = (
        NamedReel("rolling"),
        replace(DAY, max_duration_s=60.0, style="keyframes", profile="sports", keep=7),
    )
    rolling, day = reel_specs(Config(reel=BLOCK, reels=reels), ["front", "yard"], START)
    assert (rolling.name, rolling.cameras, rolling.settings, rolling.keep) == (
        "rolling",
        ("front", "yard"),
        BLOCK,
        30,
    )
    assert rolling.since(START) == START - timedelta(minutes=10)
    assert (day.cameras, day.profile, day.keep) == (("front",), "sports", 7)
    assert day.settings == replace(BLOCK, max_duration_s=60.0, style="keyframes")


@pytest.mark.parametrize(
    ("date", "hours"), [("2026-03-28", 24), ("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)]
)
def test_a_daily_reel_looks_back_to_the_last_time_so_that_no_hour_is_lost_or_shown_twice(
    date: str, hours: int
) -> None:
    (day,) = reel_specs(Config(reels=(DAY,)), ["front"], START)
    due = day.schedule.next_after(datetime.fromisoformat(f"{date}T00:00+01:00"))
    assert due - day.since(due) == timedelta(hours=hours)


def test_a_daily_reel_that_is_made_between_its_times_looks_back_a_day() -> None:
    (day,) = reel_specs(Config(reels=(DAY,)), ["front"], START)
    assert day.since(START) == START - timedelta(days=1)


def test_a_daily_reel_may_look_back_as_far_as_it_says() -> None:
    (day,) = reel_specs(Config(reels=(replace(DAY, horizon_s=3600.0),)), ["front"], START)
    due = day.schedule.next_after(START)
    assert due - day.since(due) == timedelta(hours=1)


def test_a_reel_of_a_camera_that_is_not_watched_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match=r"^reels\[0\]\.cameras: no camera front; there are film$"):
        reel_specs(Config(reels=(DAY,)), ["film"], START)
