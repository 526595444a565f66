"""The travellers on the street, and their times."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

MAX_SPAN_S = 28.0
"""No group lasts longer than this from its first start to its last end."""

_NEAR_LANE, _FAR_LANE = 14.5, 17.35
_NEAR_EDGE, _FAR_EDGE = 13.45, 18.35  # where bicycles ride
_NEAR_WALK, _FAR_WALK = 11.3, 21.9
_HEADWAY_S = 1.6


@dataclass(frozen=True, slots=True)
class Traveller:
    """A person or vehicle that moves straight along the street.

    Attributes:
        kind: ``walker``, ``jogger``, ``cyclist``, ``car``, ``van``, ``lorry`` or ``bus``.
        look: picks its colours and build.
        y: metres from the camera across the street.
        heading: 1 to the right, -1 to the left.
        speed_mps: metres a second.
        start_s: when its first part comes into the picture, from the start of its group.
    """

    kind: str
    look: int
    y: float
    heading: int
    speed_mps: float
    start_s: float


def group(seed: int, number: int) -> tuple[Traveller, ...]:
    """Return the travellers of the group of this number, in order of their starts.

    Each deck of seven groups holds every sort of group once, so that none is long in coming.
    """
    deck, place = divmod(number, len(_GROUPS))
    order = np.random.default_rng([seed, 2, deck]).permutation(len(_GROUPS))
    rng = np.random.default_rng([seed, 3, number])
    travellers = _GROUPS[int(order[place])](rng)
    return tuple(sorted(travellers, key=lambda traveller: traveller.start_s))


def _look(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


def _walker(rng: np.random.Generator, start_s: float, *, near: bool, kind: str = "walker") -> Traveller:
    y = (_NEAR_WALK if near else _FAR_WALK) + float(rng.uniform(-0.5, 0.5))
    # More of the far pavement is visible, so that people there must walk fast to leave in time.
    low, high = (2.6, 3.3) if kind == "jogger" else (1.35, 1.65) if near else (1.6, 1.8)
    heading = 1 if rng.random() < 0.5 else -1
    return Traveller(kind, _look(rng), y, heading, float(rng.uniform(low, high)), start_s)


def _cyclist(rng: np.random.Generator, start_s: float) -> Traveller:
    heading = 1 if rng.random() < 0.5 else -1
    y = _NEAR_EDGE if heading > 0 else _FAR_EDGE
    return Traveller("cyclist", _look(rng), y, heading, float(rng.uniform(4.0, 5.5)), start_s)


def _driver(rng: np.random.Generator, kind: str, start_s: float, heading: int | None = None) -> Traveller:
    way = heading or (1 if rng.random() < 0.5 else -1)
    slow = {"lorry": 1.6, "bus": 1.8}.get(kind, 0.0)
    speed = float(rng.uniform(7.6, 9.4)) - slow
    return Traveller(kind, _look(rng), _NEAR_LANE if way > 0 else _FAR_LANE, way, speed, start_s)


def _column(rng: np.random.Generator, kinds: list[str], start_s: float, heading: int) -> list[Traveller]:
    """Return vehicles one behind the other: none is faster than the one in front."""
    column: list[Traveller] = []
    for kind in kinds:
        driver = _driver(rng, kind, start_s, heading)
        if column:
            driver = replace(driver, speed_mps=min(driver.speed_mps, column[-1].speed_mps))
        column.append(driver)
        length_m = {"bus": 11.5, "lorry": 8.6}.get(kind, 4.8)
        start_s += length_m / driver.speed_mps + _HEADWAY_S + float(rng.uniform(0, 1.5))
    return column


def _traffic(rng: np.random.Generator) -> list[Traveller]:
    small = ["car", "van", "car", "car"]
    right = [small[int(rng.integers(4))] for _ in range(2)]
    left = [small[int(rng.integers(4))] for _ in range(2)]
    return [*_column(rng, right, 0.0, 1), *_column(rng, left, float(rng.uniform(1.5, 6)), -1)]


def _strollers(rng: np.random.Generator) -> list[Traveller]:
    first = _walker(rng, 0.0, near=bool(rng.random() < 0.5))
    companion = replace(first, look=_look(rng), y=first.y + 0.55, start_s=0.25)
    return [first, companion, _walker(rng, float(rng.uniform(2, 4)), near=first.y > 16)]


def _lorry_and_walker(rng: np.random.Generator) -> list[Traveller]:
    """Return a small walker on the far pavement, and a lorry in front of them."""
    walker = _walker(rng, 0.0, near=False)
    return [walker, _driver(rng, "lorry", float(rng.uniform(6, 11)))]


def _bus_and_cars(rng: np.random.Generator) -> list[Traveller]:
    heading = 1 if rng.random() < 0.5 else -1
    follower = ["bus", "car"] if rng.random() < 0.6 else ["bus", "van"]
    return [*_column(rng, follower, 0.0, heading), _driver(rng, "car", float(rng.uniform(2, 9)), -heading)]


def _mixed(rng: np.random.Generator) -> list[Traveller]:
    walker = _walker(rng, 0.0, near=bool(rng.random() < 0.5))
    return [walker, _cyclist(rng, float(rng.uniform(2, 5))), _driver(rng, "car", float(rng.uniform(7, 10)))]


def _exercise(rng: np.random.Generator) -> list[Traveller]:
    near = bool(rng.random() < 0.5)
    return [_walker(rng, 0.0, near=near, kind="jogger"), _cyclist(rng, float(rng.uniform(3, 9)))]


def _lone_walker(rng: np.random.Generator) -> list[Traveller]:
    return [_walker(rng, 0.0, near=bool(rng.random() < 0.6))]


_GROUPS = (_traffic, _strollers, _lorry_and_walker, _bus_and_cars, _mixed, _exercise, _lone_walker)
