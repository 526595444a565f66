"""Which tracks are parts of one body, and which continue one another.

A body may leave several trails at the same time (limbs, front and rear of a plain thing, a shadow) and one
after the other (it rests, or something hides it). Two trails are two movers only where they were clearly
apart and moved unlike each other. A doubt makes them one: a count may be too low, but hardly ever too high.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import hypot
from typing import NamedTuple

MAX_MOVERS = 12

# Shares are of the picture's area or sides, all other lengths are in cells or in sizes of a body.
_MIN_LIFE_S = 0.4
_MIN_TRAVEL_SHARE = 0.05
_MIN_SHARE = 0.01  # what does not travel must be so large
_MIN_SIGHTS, _MIN_CELLS = 3, 1.0  # less is noise
_MAX_TRAILS = 48  # the largest: a snowstorm must not cost more than a street
_NEARLY_S = 0.25  # sights no farther apart in time are of the same time
_TOGETHER = 0.4  # of the shorter life in which two must be seen at the same time to be compared
_TRAVELS, _TRAVELS_CELLS = 2.0, 18.0  # a body that goes farther than either travels
_CLOSE = 0.1  # how far parts that travel may lie apart, besides a cell
_SWAY = 0.2  # how far the distance between front and rear may change, besides a cell
_LIMB_APART, _LIMB_SWAY = 0.4, 0.8  # the same for limbs of a body in its place
_TINY, _TINY_APART, _TINY_SWAY = 0.2, 0.3, 0.3  # and for what has so small a share of the larger's area
_LONG = 2.5  # length by height of a lorry from the side, as 4:3 cells show it
_CUT_OFF_SWAY = 0.15  # more, where the edge of the picture cuts boxes off
_NEAR_CELLS, _NEAR = 3.0, 0.25  # a trail that begins so near to another's end continues it
_AHEAD, _AGREE = 0.75, 0.9  # farther, where both go the same way: something hides what is long in part
_MAX_WAIT_S = 3.0  # how long a speed is believed of what is not seen
_LEAVES, _LEAVES_S = 1.0, 0.4  # what goes outwards so fast (cells a second) and would be out so soon has left
_HUGE, _HUGE_APART = 22.0, 0.35  # what is so large does not show whole: what is near is a part of it
_SMALL_CELLS = 4.0  # what is smaller must go straight: noise does not
_SPARKS = 8  # more small trails than that in one window are noise, all of them
_STRAIGHT, _STEP_S = 0.5, 0.5  # straight way by walked way, in steps of so long
_TURN_SHARE = 0.2  # of the picture: how far away from both ends of its way a place is worth telling
_OVERLAP_S = 0.5  # movers that were there together for less are not counted together

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in cells."""


@dataclass(frozen=True, slots=True)
class Mover:
    """One thing that moved: when, from where to where, and how large.

    Attributes:
        start_s, end_s: media time of its first and last sight.
        x0, y0, x1, y1: centre at first and last sight, as fractions of the picture (0,0 is top left).
        share: largest share of the picture it changed at once, 0 to 1.
        turn: the centre farthest from both ends, where it went there and back; None for any other way.
    """

    start_s: float
    end_s: float
    x0: float
    y0: float
    x1: float
    y1: float
    share: float
    turn: tuple[float, float] | None = None


class Sight(NamedTuple):
    """What one look showed of a track: centre, box, and area, in cells."""

    pts_s: float
    x: float
    y: float
    box: Box
    area: float


_Pairs = Sequence[tuple[Sight, Sight]]


def gap(one: Box, other: Box) -> float:
    """How far two boxes are apart, 0 where they touch."""
    across = max(one[0], other[0]) - min(one[2], other[2])
    down = max(one[1], other[1]) - min(one[3], other[3])
    return max(across, down, 0.0)


def around(boxes: Iterable[Box]) -> Box:
    """The box around boxes."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def half_inside(part: Box, whole: Box, slack: float = 0.0) -> bool:
    """Whether half of a box or more lies in another that is larger by ``slack`` on each side."""
    x0, y0, x1, y1 = part
    u0, v0, u1, v1 = whole
    if x1 <= u0 - slack or x0 >= u1 + slack or y1 <= v0 - slack or y0 >= v1 + slack:  # mostly
        return False
    across = min(x1, u1 + slack) - max(x0, u0 - slack)
    down = min(y1, v1 + slack) - max(y0, v0 - slack)
    return 2 * across * down >= (x1 - x0) * (y1 - y0)


def most_at_once(found: Sequence[Mover]) -> int:
    """The most movers that were there together, for half a second or for all of a shorter life; 0 of none."""
    return max(
        (1 + sum(_is_there(other, each) for other in found if other is not each) for each in found), default=0
    )


def _is_there(mover: Mover, newcomer: Mover) -> bool:
    """Whether a mover is there when another comes, and for a while on."""
    together_s = mover.end_s - newcomer.start_s
    return mover.start_s <= newcomer.start_s and together_s >= min(
        _OVERLAP_S, newcomer.end_s - newcomer.start_s
    )


def movers(trails: Sequence[Sequence[Sight]], rows: int, columns: int) -> list[Mover]:
    """The movers that left these trails on a grid of this size."""
    known = [Trail(sights, rows, columns) for sights in trails if len(sights) >= _MIN_SIGHTS]
    small = sum(trail.area < _SMALL_CELLS for trail in known)
    known = [trail for trail in known if trail.area >= (_SMALL_CELLS if small > _SPARKS else _MIN_CELLS)]
    known = [trail for trail in known if not _is_noise(trail)]
    bodies: list[list[Trail]] = []
    for trail in sorted(known, key=lambda trail: -trail.weight)[:_MAX_TRAILS]:
        for body in bodies:
            if _belongs(trail, body):
                body.append(trail)
                break
        else:
            bodies.append([trail])
    return [mover for body in bodies if _counts(mover := _mover(body, rows, columns))]


def important(found: Sequence[Mover]) -> tuple[Mover, ...]:
    """The movers that last longest and are largest, at most 12, most important first."""
    return tuple(sorted(found, key=lambda mover: -(mover.end_s - mover.start_s) * mover.share)[:MAX_MOVERS])


def _is_noise(trail: Trail) -> bool:
    return trail.area < _SMALL_CELLS and trail.life_s >= 2 * _STEP_S and trail.straight < _STRAIGHT


class Trail:
    """What one track left in a window: its sights, in time order, and what follows from them."""

    def __init__(self, sights: Sequence[Sight], rows: int, columns: int) -> None:
        self.sights = sights
        self._rows, self._columns = rows, columns
        self.first, self.last = sights[0], sights[-1]
        self.life_s = self.last.pts_s - self.first.pts_s
        self.area = max(sight.area for sight in sights)
        self.weight = self.life_s * self.area
        self.way = max(hypot(sight.x - self.first.x, sight.y - self.first.y) for sight in sights)

    @cached_property
    def size(self) -> float:
        """The longer side of its box, as in most sights."""
        sides = sorted(max(box[2] - box[0], box[3] - box[1]) for _, _, _, box, _ in self.sights)
        return sides[len(sides) * 3 // 4]

    @cached_property
    def region(self) -> Box:
        """Where it was, a tenth of the sights apart."""
        few = len(self.sights) // 10
        x0, y0, x1, y1 = (sorted(sight.box[k] for sight in self.sights) for k in range(4))
        return x0[few], y0[few], x1[-1 - few], y1[-1 - few]

    def speed(self) -> tuple[float, float]:
        """At its end, in cells a second."""
        then = self.sights[-8:][0]
        step_s = self.last.pts_s - then.pts_s
        return ((self.last.x - then.x) / step_s, (self.last.y - then.y) / step_s) if step_s else (0.0, 0.0)

    def has_left(self) -> bool:
        """Whether it went out over the picture's edge."""
        vx, vy = self.speed()
        x0, y0, x1, y1 = self.last.box
        out = ((x0, -vx), (y0, -vy), (self._columns - x1, vx), (self._rows - y1, vy))
        return any(speed > _LEAVES and left - speed * _LEAVES_S <= 1 for left, speed in out)

    @cached_property
    def straight(self) -> float:
        """The straight way by the walked way, 0 to 1."""
        stops, at_s = [self.first], self.first.pts_s
        for sight in self.sights:
            if sight.pts_s >= at_s + _STEP_S:
                stops.append(sight)
                at_s = sight.pts_s
        walked = sum(hypot(b.x - a.x, b.y - a.y) for a, b in pairwise(stops))
        return hypot(stops[-1].x - self.first.x, stops[-1].y - self.first.y) / walked if walked else 0.0

    def is_cut_off(self, sight: Sight) -> bool:
        """Whether the picture's edge may hide a part of it."""
        x0, y0, x1, y1 = sight.box
        return x0 <= 0 or y0 <= 0 or x1 >= self._columns or y1 >= self._rows

    def travels(self, size: float) -> bool:
        """Whether it goes farther than a limb of a body of this size can."""
        return self.way > min(_TRAVELS * size, _TRAVELS_CELLS)

    def level(self) -> bool:
        """Whether it goes across rather than up or down."""
        return abs(self.last.x - self.first.x) >= abs(self.last.y - self.first.y)


def _belongs(part: Trail, body: Sequence[Trail]) -> bool:
    size = max(part.size, *(other.size for other in body))
    if any(_is_part(part, other, size) for other in body):
        return True
    before = [other for other in body if _continues(part, other)]
    # Beside something else of this body for a while, and yet no part of it: then it continues none of it.
    return bool(before) and not any(
        _together_s(_pairs(other, part)) >= _OVERLAP_S for other in body if other not in before
    )


def _pairs(one: Trail, other: Trail) -> _Pairs:
    """What was seen of both at nearly the same time."""
    pairs = []
    sights, n = one.sights, 0
    for sight in other.sights:
        at_s = sight.pts_s
        while n + 1 < len(sights) and abs(sights[n + 1].pts_s - at_s) <= abs(sights[n].pts_s - at_s):
            n += 1
        if abs(sights[n].pts_s - at_s) <= _NEARLY_S:
            pairs.append((sights[n], sight))
    return pairs


def _together_s(pairs: _Pairs) -> float:
    return pairs[-1][1].pts_s - pairs[0][1].pts_s if pairs else 0.0


def _is_part(part: Trail, larger: Trail, size: float) -> bool:
    """Whether two trails were left by one body of this size."""
    still = not part.travels(size) and not larger.travels(size)
    if still and half_inside(part.region, larger.region):
        return True
    pairs = _pairs(larger, part)
    if len(pairs) < 2 or _together_s(pairs) < _TOGETHER * min(part.life_s, larger.life_s):
        return still and gap(part.region, larger.region) <= 1 + _LIMB_APART * size
    if 10 * sum(half_inside(b.box, a.box) for a, b in pairs) >= 6 * len(pairs):
        return True
    if size >= _HUGE and _separate(pairs) <= 1 + _HUGE_APART * size:
        return True
    if part.travels(size):
        return _goes_along(part, larger, pairs, size)
    return _separate(pairs) <= 1 + _LIMB_APART * size and _sway(pairs) <= 1 + _LIMB_SWAY * size


def _goes_along(part: Trail, larger: Trail, pairs: _Pairs, size: float) -> bool:
    """Whether two that travel keep their distance as parts of one body do."""
    whole = [(a, b) for a, b in pairs if not larger.is_cut_off(a) and not part.is_cut_off(b)]
    pairs, slack = (whole, 0.0) if len(whole) >= 6 else (pairs, _CUT_OFF_SWAY)
    apart, sway = _separate(pairs), _sway(pairs)
    if part.area <= _TINY * larger.area and apart <= 1 + _TINY_APART * size:
        return sway <= 1.5 + _TINY_SWAY * size
    if apart <= 1 + _CLOSE * size and sway <= 1 + slack * size:
        return True
    return sway <= 1 + (_SWAY + slack) * size and _fits(pairs, level=larger.level())


def _separate(pairs: _Pairs) -> float:
    """How far apart they were, but for a fifth of the time."""
    gaps = sorted(gap(a.box, b.box) for a, b in pairs)
    return gaps[-1 - len(gaps) // 5]


def _sway(pairs: _Pairs) -> float:
    """By how much the way from one to the other changed, but for a fifth of the time on either side."""
    few = len(pairs) // 5
    xs = sorted(b.x - a.x for a, b in pairs)
    ys = sorted(b.y - a.y for a, b in pairs)
    return max(xs[-1 - few] - xs[few], ys[-1 - few] - ys[few])


def _fits(pairs: _Pairs, *, level: bool) -> bool:
    """Whether one body, no longer than a lorry from the side, would fill the box around both."""
    along, across = (0, 1) if level else (1, 0)
    lengths, shared = [], []
    for a, b in pairs:
        whole = around((a.box, b.box))
        broad = whole[across + 2] - whole[across]
        lengths.append((whole[along + 2] - whole[along]) / broad)
        shared.append((min(a.box[across + 2], b.box[across + 2]) - max(a.box[across], b.box[across])) / broad)
    half = len(pairs) // 2
    return sorted(lengths)[half] <= _LONG and sorted(shared)[half] >= 0.5


def _continues(part: Trail, other: Trail) -> bool:
    """Whether one begins where the other ended, or where it should have come to since."""
    earlier, later = sorted((part, other), key=lambda trail: trail.first.pts_s)
    wait_s = later.first.pts_s - earlier.last.pts_s
    if wait_s < -1.0 or earlier.has_left():
        return False
    vx, vy = earlier.speed()
    ux, uy = later.speed()
    ahead = vx * ux + vy * uy > _AGREE * hypot(vx, vy) * hypot(ux, uy)
    reach = _NEAR_CELLS + (_AHEAD if ahead else _NEAR) * max(part.size, other.size)
    x0, y0, x1, y1 = earlier.last.box
    return any(
        gap((x0 + vx * step_s, y0 + vy * step_s, x1 + vx * step_s, y1 + vy * step_s), later.first.box)
        <= reach
        for step_s in (0.0, min(max(wait_s, 0.0), _MAX_WAIT_S))
    )


def _mover(body: Sequence[Trail], rows: int, columns: int) -> Mover:
    looks: dict[float, list[Sight]] = {}
    for trail in body:
        for sight in trail.sights:
            looks.setdefault(sight.pts_s, []).append(sight)
    path = []
    for pts_s in sorted(looks):
        area = sum(sight.area for sight in looks[pts_s])
        x = sum(sight.x * sight.area for sight in looks[pts_s]) / area / columns
        y = sum(sight.y * sight.area for sight in looks[pts_s]) / area / rows
        path.append((pts_s, x, y, area / (rows * columns)))
    (start_s, x0, y0, _), (end_s, x1, y1, _) = path[0], path[-1]
    away, turn_x, turn_y = max(
        (min(hypot(x - x0, y - y0), hypot(x - x1, y - y1)), x, y) for _, x, y, _ in path
    )
    back = away >= _TURN_SHARE and away > hypot(x1 - x0, y1 - y0)
    share = min(1.0, max(share for *_, share in path))
    return Mover(start_s, end_s, x0, y0, x1, y1, share, (turn_x, turn_y) if back else None)


def _counts(mover: Mover) -> bool:
    """Whether it is more than a flicker."""
    way = hypot(mover.x1 - mover.x0, mover.y1 - mover.y0)
    lasts = mover.end_s - mover.start_s >= _MIN_LIFE_S
    return lasts and (way >= _MIN_TRAVEL_SHARE or mover.turn is not None or mover.share >= _MIN_SHARE)
