"""The settings of one reel by name, with their bounds; light to import: the configuration embeds them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Annotated

from annotated_types import Ge, Gt, Le

from analyzer.reel.settings import OF_ALL_CAMERAS, ReelSettings, Style
from livereel.camera.names import REQUESTED
from livereel.camera.settings import NAME
from livereel.reels.schedule import time_of_day, zone_names

Problem = tuple[int, str, str]
"""The number of a reel in its list, the key of an option, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class NamedReel:
    """A reel with its name and its times. What is None is as in ``ReelSettings`` of the configuration.

    Attributes:
        name: unique; of the characters of a camera's name.
        every_s: made so often, when there is a new moment.
        at: made daily at this time instead, ``20:00`` or ``20:00:30``.
        timezone: of ``at``; None is the machine's own.
        cameras: those that it shows; none for all.
        horizon_s: how far it looks back; with ``at`` None is back to the last time.
        profile: what counts when a model chooses its chapters; None leaves that to the model.
        keep: how many are kept, the newest.
    """

    name: str
    every_s: Annotated[float, Ge(5)] | None = None
    at: str | None = None
    timezone: str | None = None
    cameras: tuple[str, ...] = ()
    horizon_s: Annotated[float, Ge(10)] | None = None
    min_chapters: Annotated[int, Ge(1)] | None = None
    max_chapters: Annotated[int, Ge(1)] | None = None
    style: Style | None = None
    hold_s: Annotated[float, Gt(0), Le(60)] | None = None
    max_early_s: Annotated[float, Ge(0)] | None = None
    max_duration_s: Annotated[float, Ge(2)] | None = None
    stamp: bool | None = None
    profile: str | None = None
    keep: Annotated[int, Ge(1), Le(1000)] = 30

    def over(self, defaults: ReelSettings) -> ReelSettings:
        """Return the settings of its reels; raises ValueError where they contradict each other."""
        own = {field.name: getattr(self, field.name) for field in fields(defaults)}
        return replace(defaults, **{name: value for name, value in own.items() if value is not None})


def problems(
    reels: Sequence[NamedReel], defaults: ReelSettings, cameras: Collection[str]
) -> Iterator[Problem]:
    """Yield what is wrong with reels beyond their bounds; ``cameras`` are those that there are."""
    for number, reel in enumerate(reels):
        before = [other.name for other in reels[:number]]
        problem = reel.name and (_name_problem(reel, cameras) or _double(reel.name, before))
        if problem:
            yield number, "name", problem
        for name in reel.cameras:
            if name not in cameras:
                yield number, "cameras", f"no camera {name}{_near(name, cameras)}"
        for key, problem in _time_problems(reel):
            yield number, key, problem
        try:
            reel.over(defaults)
        except ValueError as error:
            yield number, "", str(error)


def _name_problem(reel: NamedReel, cameras: Collection[str]) -> str | None:
    if not re.fullmatch(NAME, reel.name):
        return "expected at most 64 letters, digits, - and _, such as evening"
    if reel.name == REQUESTED:
        return f"{REQUESTED} is the name of the reels that are asked for; choose another"
    if reel.name == OF_ALL_CAMERAS and reel.cameras:
        return f"{OF_ALL_CAMERAS} is the name of the reel over all cameras: choose another, or name no camera"
    if reel.name in cameras and set(reel.cameras) != {reel.name}:
        return f"there is a camera {reel.name}: choose another name, or cameras: [{reel.name}]"
    return None


def _double(name: str, before: Collection[str]) -> str | None:
    return f"there are two reels {name}; choose another name" if name in before else None


def _time_problems(reel: NamedReel) -> Iterator[tuple[str, str]]:
    if reel.at is None:
        if reel.timezone is not None:
            yield "timezone", "is of no use without at"
    else:
        if reel.every_s is not None:
            yield "at", "there is every_s, too: give one of them"
        try:
            time_of_day(reel.at)
        except ValueError:
            yield "at", 'expected a time of day in quotes, such as "20:00"'
    if reel.timezone is not None and reel.timezone not in zone_names():
        yield "timezone", f"no such time zone{_near(reel.timezone, zone_names())}"


def _near(name: str, known: Collection[str]) -> str:
    by_lower = {it.lower(): it for it in sorted(known)}
    near = difflib.get_close_matches(name.lower().replace(" ", "_"), by_lower, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {by_lower[near[0]]}?"
    return f"; there are {', '.join(known)}" if 0 < len(known) <= _MOST_LISTED else ""


_MOST_LISTED = 20
