"""Which tracks are parts of one body, and which continue one another.

One body may cause several tracklets at the same time (limbs, front and rear of an evenly coloured thing,
a shadow) and one after the other (it rests, or something hides it). Two tracklets are two movers only where
they were clearly apart and moved differently. In doubt they are one: a count may be too low, hardly ever
too high.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import hypot

from analyzer.signal.movers.bands import divide, have_drifted
from analyzer.signal.movers.mover import OVERLAP_S, Mover
from analyzer.signal.movers.tracklet import (
    HUGE,
    MIN_DETECTIONS,
    STEP_S,
    Box,
    Detection,
    Tracklet,
    enclosing,
    gap,
    half_inside,
)

# Shares are of the picture's area or sides; all other lengths are in cells or in sizes of a body.
_MIN_LIFE_S = 0.4
_MIN_TRAVEL_SHARE = 0.05
_MIN_SHARE = 0.01  # the least area of a mover that does not travel
_MIN_CELLS = 1.0  # less is noise
_MAX_TRACKLETS = 48  # the largest ones: snow must not cost more than a street
_NEARLY_S = 0.25  # detections this close in time are simultaneous
_TOGETHER = 0.4  # of the shorter life: two must be detected together for so long to be compared
_CLOSE = 0.1  # how far apart parts that travel may be, plus a cell
_SWAY = 0.2  # how much the distance between front and rear may change, plus a cell
_LIMB_SEPARATION, _LIMB_SWAY = 0.4, 0.8  # the same for limbs of a body that stays in place
_TINY, _TINY_DISTANCE, _TINY_SWAY = 0.2, 0.3, 0.3  # and for parts of at most this share of the larger area
_LONG = 2.5  # length by height of a lorry from the side, in cells of 4:3
_MOST_SWAY = 0.5  # even where the edge of the picture cuts boxes off
_GROWN = 0.3  # of its usual area: with less, a part comes in sight
_CUT_OFF_SWAY = 0.15  # added where the edge of the picture cuts boxes off
_NEAR_CELLS, _NEAR = 3.0, 0.25  # a tracklet that begins this close to the end of another continues it
_AHEAD, _AGREE = 0.75, 0.9  # farther away, where both have the same direction: a long body is hidden in part
_MAX_WAIT_S = 3.0  # how long a position is extrapolated without detections
_HUGE_SEPARATION = 0.35  # what is so close is a part of a huge body
_SMALL_CELLS = 4.0  # smaller movers must move straight: noise does not
_MAX_SMALL = 8  # if a window has more small tracklets, all of them are noise
_STRAIGHT = 0.5  # distance from start to end divided by the length of the path
_TURN_SHARE = 0.2  # of the picture: the least distance of a turning point from both ends of the path

_Pairs = Sequence[tuple[Detection, Detection]]


def movers(tracklets: Sequence[Sequence[Detection]], rows: int, columns: int) -> list[Mover]:
    """Return the movers that caused these tracklets on a grid of this size."""
    known = [
        Tracklet(detections, rows, columns) for detections in tracklets if len(detections) >= MIN_DETECTIONS
    ]
    small = sum(tracklet.area < _SMALL_CELLS for tracklet in known)
    known = [
        tracklet
        for tracklet in known
        if tracklet.area >= (_SMALL_CELLS if small > _MAX_SMALL else _MIN_CELLS)
    ]
    known = [tracklet for tracklet in known if not _is_noise(tracklet)]
    bodies = _joined([part for tracklet in known for part in divide(tracklet)])
    parts = []
    for first, *others in bodies:
        parts += divide(first.with_others(others)) if others else [first]
    if len(parts) > len(bodies):
        bodies = _joined(parts)
    return [mover for body in bodies if _counts(mover := _mover(body, rows, columns))]


def _joined(tracklets: Sequence[Tracklet]) -> list[list[Tracklet]]:
    """Join the tracklets of each body."""
    bodies: list[list[Tracklet]] = []
    for tracklet in sorted(tracklets, key=lambda tracklet: -tracklet.weight)[:_MAX_TRACKLETS]:
        for body in bodies:
            if _belongs(tracklet, body):
                body.append(tracklet)
                break
        else:
            bodies.append([tracklet])
    return bodies


def _is_noise(tracklet: Tracklet) -> bool:
    return tracklet.area < _SMALL_CELLS and tracklet.life_s >= 2 * STEP_S and tracklet.straight < _STRAIGHT


def _belongs(part: Tracklet, body: Sequence[Tracklet]) -> bool:
    size = max(part.size, *(other.size for other in body))
    if any(_is_part(part, other, size) for other in body):
        return True
    if len(body) > 1 and _inside(part, body):
        return True
    before = [other for other in body if _continues(part, other)]
    # If it was there together with another part of this body without being a part of it, it is another body.
    return bool(before) and not any(
        _together_s(_pairs(other, part)) >= OVERLAP_S for other in body if other not in before
    )


def _inside(part: Tracklet, body: Sequence[Tracklet]) -> bool:
    """Whether it lies within the box around a body most of the time."""
    around: dict[float, list[Box]] = {}
    for tracklet in body:
        for detection in tracklet.detections:
            around.setdefault(detection.pts_s, []).append(detection.box)
    inside = [
        half_inside(detection.box, enclosing(around[detection.pts_s]))
        for detection in part.detections
        if detection.pts_s in around
    ]
    return 10 * sum(inside) >= 6 * len(part.detections)


def _pairs(one: Tracklet, other: Tracklet) -> _Pairs:
    """Return the detections of both at nearly the same time."""
    pairs = []
    detections, n = one.detections, 0
    for detection in other.detections:
        at_s = detection.pts_s
        while n + 1 < len(detections) and abs(detections[n + 1].pts_s - at_s) <= abs(
            detections[n].pts_s - at_s
        ):
            n += 1
        if abs(detections[n].pts_s - at_s) <= _NEARLY_S:
            pairs.append((detections[n], detection))
    return pairs


def _together_s(pairs: _Pairs) -> float:
    return pairs[-1][1].pts_s - pairs[0][1].pts_s if pairs else 0.0


def _is_part(part: Tracklet, larger: Tracklet, size: float) -> bool:
    """Whether two tracklets are of one body of this size."""
    still = not part.travels(size) and not larger.travels(size)
    if still and half_inside(part.region, larger.region):
        return True
    pairs = _pairs(larger, part)
    if len(pairs) < 2 or _together_s(pairs) < _TOGETHER * min(part.life_s, larger.life_s):
        return still and gap(part.region, larger.region) <= 1 + _LIMB_SEPARATION * size
    if 10 * sum(half_inside(b.box, a.box) for a, b in pairs) >= 6 * len(pairs):
        return True
    if size >= HUGE and _separate(pairs) <= 1 + _HUGE_SEPARATION * size:
        return True
    travels = part.travels(size) or larger.travels(size)
    joined = travels and _goes_along(part, larger, pairs, size)
    if not joined and not part.travels(size):
        joined = _separate(pairs) <= 1 + _LIMB_SEPARATION * size and _sway(pairs) <= 1 + _LIMB_SWAY * size
    return joined and not (travels and have_drifted(larger, pairs))


def _goes_along(part: Tracklet, larger: Tracklet, pairs: _Pairs, size: float) -> bool:
    """Whether two that travel keep a constant distance, as parts of one body do."""
    grown = [(a, b) for a, b in pairs if a.area >= _GROWN * larger.usual and b.area >= _GROWN * part.usual]
    pairs = grown if len(grown) >= 6 else pairs
    whole = [(a, b) for a, b in pairs if not larger.is_cut_off(a) and not part.is_cut_off(b)]
    if _sway(pairs) > 1 + _MOST_SWAY * size:
        return False
    pairs, slack = (whole, 0.0) if len(whole) >= max(6, len(pairs) // 3) else (pairs, _CUT_OFF_SWAY)
    distance, sway = _separate(pairs), _sway(pairs)
    if part.area <= _TINY * larger.area and distance <= 1 + _TINY_DISTANCE * size:
        return sway <= 1.5 + _TINY_SWAY * size
    if distance <= 1 + _CLOSE * size and sway <= 1 + slack * size:
        return True
    return sway <= 1 + (_SWAY + slack) * size and _fits(pairs, level=larger.is_level)


def _separate(pairs: _Pairs) -> float:
    """Return how far apart they were, except for a fifth of the time."""
    gaps = sorted(gap(a.box, b.box) for a, b in pairs)
    return gaps[-1 - len(gaps) // 5]


def _sway(pairs: _Pairs) -> float:
    """Return by how much their offset changed, without a fifth of the time at either extreme.

    Of both sides and the middle the steadiest counts: something may come in sight at one side.
    """
    few = len(pairs) // 5

    def spread(offsets: Iterable[float]) -> float:
        ordered = sorted(offsets)
        return ordered[-1 - few] - ordered[few]

    across = min(
        spread(b.x - a.x for a, b in pairs), *(spread(b.box[k] - a.box[k] for a, b in pairs) for k in (0, 2))
    )
    down = min(
        spread(b.y - a.y for a, b in pairs), *(spread(b.box[k] - a.box[k] for a, b in pairs) for k in (1, 3))
    )
    return max(across, down)


def _fits(pairs: _Pairs, *, level: bool) -> bool:
    """Whether one body, at most as long as a lorry from the side, would fill the box around both."""
    along, across = (0, 1) if level else (1, 0)
    lengths, shared = [], []
    for a, b in pairs:
        whole = enclosing((a.box, b.box))
        broad = whole[across + 2] - whole[across]
        lengths.append((whole[along + 2] - whole[along]) / broad)
        shared.append((min(a.box[across + 2], b.box[across + 2]) - max(a.box[across], b.box[across])) / broad)
    half = len(pairs) // 2
    return sorted(lengths)[half] <= _LONG and sorted(shared)[half] >= 0.5


def _continues(part: Tracklet, other: Tracklet) -> bool:
    """Whether one begins where the other ended, or where that would have moved since."""
    earlier, later = sorted((part, other), key=lambda tracklet: tracklet.first.pts_s)
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


def _mover(body: Sequence[Tracklet], rows: int, columns: int) -> Mover:
    at_s: dict[float, list[Detection]] = {}
    for tracklet in body:
        for detection in tracklet.detections:
            at_s.setdefault(detection.pts_s, []).append(detection)
    path = []
    for pts_s in sorted(at_s):
        area = sum(detection.area for detection in at_s[pts_s])
        x = sum(detection.x * detection.area for detection in at_s[pts_s]) / area / columns
        y = sum(detection.y * detection.area for detection in at_s[pts_s]) / area / rows
        path.append((pts_s, x, y, area / (rows * columns)))
    (start_s, x0, y0, _), (end_s, x1, y1, _) = path[0], path[-1]
    away, turn_x, turn_y = max(
        (min(hypot(x - x0, y - y0), hypot(x - x1, y - y1)), x, y) for _, x, y, _ in path
    )
    back = away >= _TURN_SHARE and away > hypot(x1 - x0, y1 - y0)
    share = min(1.0, max(share for *_, share in path))
    return Mover(start_s, end_s, x0, y0, x1, y1, share, (turn_x, turn_y) if back else None)


def _counts(mover: Mover) -> bool:
    """Whether it lasts, moves and changes enough to be a mover."""
    way = hypot(mover.x1 - mover.x0, mover.y1 - mover.y0)
    lasts = mover.end_s - mover.start_s >= _MIN_LIFE_S
    return lasts and (way >= _MIN_TRAVEL_SHARE or mover.turn is not None or mover.share >= _MIN_SHARE)
