"""What each reel of a run shows, and when it is made: the configuration's list, or the rolling reels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from analyzer.reel.settings import OF_ALL_CAMERAS, ReelSettings
from livereel.config.schema import Config, ConfigError
from livereel.reels.schedule import Daily, Every, Schedule, previous, time_of_day
from livereel.reels.settings import NamedReel, problems

KEPT_ROLLING = 3
"""Of a rolling reel that the configuration does not name: a player that has one open can go on."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReelSpec:
    """One reel.

    Attributes:
        name: its id, its folder and a level of its topics.
        cameras: those that it shows.
        schedule: when it is made.
        horizon_s: how far it looks back; None is back to the schedule's time before.
        settings: what it holds and how it looks.
        profile: the profile by which a model chooses; None for no particular one.
        keep: how many are kept, the newest.
        is_named: whether the configuration names it.
    """

    name: str
    cameras: tuple[str, ...]
    schedule: Schedule
    horizon_s: float | None
    settings: ReelSettings
    profile: str | None = None
    keep: int = KEPT_ROLLING
    is_named: bool = False

    def since(self, until: datetime) -> datetime:
        """Return how far the reel that ends then looks back: by a day, where it is made between its times."""
        if self.horizon_s is not None:
            return until - timedelta(seconds=self.horizon_s)
        is_on_time = self.schedule.last_until(until) == until
        return previous(self.schedule, until) if is_on_time else until - _DAY


def reel_specs(config: Config, cameras: Sequence[str], start: datetime) -> list[ReelSpec]:
    """Return the reels of a run of these cameras that starts then, those that the configuration names.

    Where it names none: a rolling reel of each camera, and one over all where there are several. Raises
    ConfigError with a line for each reel that these cameras cannot have.
    """
    if config.reels:
        mistakes = [
            f"reels[{number}]{key and '.'}{key}: {problem}"
            for number, key, problem in problems(config.reels, config.reel, cameras)
        ]
        if mistakes:
            raise ConfigError(*mistakes)
        return [_spec(reel, config.reel, cameras, start) for reel in config.reels]
    shown: dict[str, tuple[str, ...]] = {camera: (camera,) for camera in cameras}
    if len(cameras) > 1:
        shown[OF_ALL_CAMERAS] = tuple(cameras)
    rolling = Every(config.reel.every_s, start)
    return [ReelSpec(name, of, rolling, config.reel.horizon_s, config.reel) for name, of in shown.items()]


def _spec(reel: NamedReel, defaults: ReelSettings, cameras: Sequence[str], start: datetime) -> ReelSpec:
    settings = reel.over(defaults)
    is_daily = reel.at is not None
    return ReelSpec(
        name=reel.name,
        cameras=reel.cameras or tuple(cameras),
        schedule=_schedule(reel, settings, start),
        horizon_s=reel.horizon_s if is_daily else settings.horizon_s,
        settings=settings,
        profile=reel.profile,
        keep=reel.keep,
        is_named=True,
    )


def _schedule(reel: NamedReel, settings: ReelSettings, start: datetime) -> Schedule:
    if reel.at is None:
        return Every(settings.every_s, start)
    return Daily(time_of_day(reel.at), ZoneInfo(reel.timezone) if reel.timezone else None)
