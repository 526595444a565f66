"""Bodies that touch but go at different speeds: which parts of a track move apart.

The cells of a tracklet are divided into bands along its way, as lanes divide a street. Parts of one body keep
their distance, however its limbs swing; of two bodies, rear, middle and front of the one move apart from
those of the other, all in the same direction and steadily.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.signal.movers.tracklet import HUGE, Cells, Detection, Tracklet, together

# Lengths are in cells of the grid; a band is a cell wide.
_LEAST_BANDS, _LEAST_AREA = 2, 1.5  # of a body
_LEAST_TIMES, _LEAST_WHOLE, _LEAST_S = 8, 4, 0.8  # both are seen at so many times, whole at so many
_LEAST_REACH = 8.0
_LEAST_DRIFT, _LEAST_DRIFT_OF_LENGTH = (
    1.0,
    0.05,
)  # how far two bodies move apart at least, plus this of their length
_CLEARLY = 0.5  # so much farther than parts of one body sway
_USUAL = 0.4  # of its usual area: with less, a part of it is hidden
_EDGE = 0.15  # of its usual area lies behind its rear, and before its front: limbs and what touches it
_FITS, _OUTLIER = 3, 1.5  # fits of a line, each without what is so many standard deviations off
_MOST_AREA = 120.0  # so large a body changes only in parts
_STRAIGHT = 0.5  # what turns back has been confused with what it met
_MAX_BODIES = 4

_Floats = NDArray[np.float64]


class _Profile(NamedTuple):
    """The cells of some detections, by how they lie to their way.

    Attributes:
        area: of (time, band, place along the way), in cells.
        enters, leaves: area of (time, band) at the edge of the picture behind and ahead.
        start: the place that is the first of ``area``, at each time.
    """

    area: _Floats
    enters: _Floats
    leaves: _Floats
    start: _Floats

    def outwards(self) -> _Profile:
        """Return the same of the first band, the first two, and so on."""
        area, enters, leaves, start = self
        return _Profile(area.cumsum(axis=1), enters.cumsum(axis=1), leaves.cumsum(axis=1), start)

    def between(self, first: int, last: int | None) -> _Profile:
        """Return the same of some bands."""
        area, enters, leaves, start = self
        return _Profile(area[:, first:last], enters[:, first:last], leaves[:, first:last], start)

    def reversed(self) -> _Profile:
        """Return the same from the last band to the first."""
        area, enters, leaves, start = self
        return _Profile(area[:, ::-1], enters[:, ::-1], leaves[:, ::-1], start)


class _Extent(NamedTuple):
    """Rear, middle and front along the way, and where each of them is seen: (3, time, way to divide)."""

    at: _Floats
    seen: NDArray[np.bool_]


def divide(tracklet: Tracklet) -> list[Tracklet]:
    """Divide a tracklet into those of the bodies that move apart in it; itself where there is only one."""
    waiting = [tracklet]
    found: list[Tracklet] = []
    while waiting:
        part = waiting.pop()
        halves = _halves(part) if len(waiting) + len(found) + 1 < _MAX_BODIES else None
        if halves:
            waiting += halves
        else:
            found.append(part)
    return found


def have_drifted(larger: Tracklet, pairs: Sequence[tuple[Detection, Detection]]) -> bool:
    """Whether two tracklets move apart as two bodies do, by their detections at the same times."""
    if len(pairs) < _LEAST_TIMES or larger.size >= HUGE:
        return False
    one, other = (_whole(_profile(larger, [pair[k].cells for pair in pairs])) for k in (0, 1))
    return bool(_drift(np.array([b.pts_s for _, b in pairs]), one, other)[0] > _CLEARLY)


def _halves(tracklet: Tracklet) -> list[Tracklet] | None:
    few = _LEAST_BANDS
    if (
        len(tracklet.detections) < _LEAST_TIMES
        or tracklet.reach < _LEAST_REACH
        or tracklet.area < 2 * _LEAST_AREA
        or tracklet.breadth < 2 * few
        or tracklet.area >= _MOST_AREA
        or tracklet.straight < _STRAIGHT
    ):
        return None
    cells = [detection.cells for detection in tracklet.detections]
    profile = _profile(tracklet, cells)
    if profile.area.shape[1] < 2 * few:
        return None
    before = profile.outwards().between(few - 1, -few)
    behind = profile.reversed().outwards().reversed().between(few, 1 - few)
    pts_s = np.array([detection.pts_s for detection in tracklet.detections])
    drift = _drift(pts_s, _extent(before), _extent(behind))
    best = int(drift.argmax())
    if drift[best] <= _CLEARLY:
        return None
    across = [_across(tracklet, each) for each in cells]
    least = min(float(each.min()) for each in across) + best + few
    halves = [
        tracklet.only(chosen)
        for chosen in zip(*((each < least, each >= least) for each in across), strict=True)
    ]
    return [half for half in halves if half] if all(halves) else None


def _across(tracklet: Tracklet, cells: Cells) -> _Floats:
    ahead, aside = tracklet.way
    return cells.y * ahead - cells.x * aside


def _profile(tracklet: Tracklet, cells: Sequence[Cells]) -> _Profile:
    """Return the profile of the cells at each time along the way of a tracklet."""
    everything = together(cells)
    counts = [len(each.x) for each in cells]
    nth = np.repeat(np.arange(len(counts)), counts)
    across = _across(tracklet, everything)
    band = (across - across.min()).astype(np.intp)
    place = np.floor(everything.x * tracklet.way[0] + everything.y * tracklet.way[1])
    start = np.minimum.reduceat(place, np.cumsum([0, *counts[:-1]]))
    along = (place - start[nth]).astype(np.intp)
    times, bands, places = len(counts), int(band.max()) + 1, int(along.max()) + 1
    row = nth * bands + band
    area = _sums(row * places + along, everything.weights, (times, bands, places))
    enters, leaves = (
        _sums(row[edge], everything.weights[edge], (times, bands)) for edge in tracklet.at_edges(everything)
    )
    return _Profile(area, enters, leaves, start)


def _sums(at: NDArray[np.intp], weights: _Floats, shape: tuple[int, ...]) -> _Floats:
    return np.bincount(at, weights, math.prod(shape)).astype(np.float64, copy=False).reshape(shape)


def _whole(profile: _Profile) -> _Extent:
    """Return the extent of all bands together."""
    return _extent(profile.outwards().between(-1, None))


def _extent(profile: _Profile) -> _Extent:
    """Return the extent for each way to divide, which take the place of bands."""
    area = profile.area
    total = area.sum(axis=2)
    median = len(total) - 1 - np.count_nonzero(total, axis=0) // 2  # of those above 0
    usual = np.take_along_axis(np.sort(total, axis=0), np.minimum(median, len(total) - 1)[None], 0)[0]
    there = total >= np.maximum(_LEAST_AREA, _USUAL * usual)
    outer = (_EDGE * usual)[:, None]
    rear, front = _place(area, outer), area.shape[2] - _place(area[..., ::-1], outer)
    middle = area @ (np.arange(area.shape[2]) + 0.5) / np.maximum(total, 1e-9)
    rear_seen, front_seen = there & (profile.enters == 0), there & (profile.leaves == 0)
    at = np.array([rear, middle, front]) + profile.start[:, None]
    return _Extent(at, np.array([rear_seen, rear_seen & front_seen, front_seen]))


def _place(area: _Floats, least: _Floats) -> _Floats:
    """Return the place along the way up to which there is so much area."""
    before = area.cumsum(axis=2)
    n = (before >= least).argmax(axis=2)[..., None]
    over = np.take_along_axis(before, n, 2) - least
    return np.asarray((n + 1 - over / np.maximum(np.take_along_axis(area, n, 2), 1e-9))[..., 0])


def _drift(pts_s: _Floats, one: _Extent, other: _Extent) -> _Floats:
    """Return how much farther than parts of a body two move apart, in cells, for each way to divide."""
    both = one.seen & other.seen
    at_s = np.where(both, (pts_s - pts_s[0])[:, None], np.nan)
    seen = both.astype(np.float64)
    offset = np.where(both, one.at - other.at, 0.0)
    near = seen
    for _ in range(_FITS):
        slope, line, error = _line(pts_s - pts_s[0], offset, near)
        near = seen * (np.abs(offset - line) <= _OUTLIER * error)
    known = seen.sum(axis=1) >= np.array([[_LEAST_TIMES], [_LEAST_WHOLE], [_LEAST_TIMES]])
    enough = known[0] & known[2]
    if not enough.any():
        return np.full(enough.shape, -np.inf)
    lasts_s = np.nan_to_num(np.fmax.reduce(at_s, axis=1) - np.fmin.reduce(at_s, axis=1)).max(axis=0)
    agree = ((slope > 0) | ~known).all(axis=0) | ((slope < 0) | ~known).all(axis=0)
    least = np.where(known, np.abs(slope), np.inf).min(axis=0, initial=np.inf, where=known)
    drift = np.where(agree & enough, least, 0.0) * lasts_s
    deviates = np.where(known, error[:, 0], 0.0).max(axis=0)
    length = sum(
        np.where(both[1], each.at[2] - each.at[0], 0.0).sum(axis=0) / np.maximum(seen[1].sum(axis=0), 1.0)
        for each in (one, other)
    )
    return np.where(
        enough & (lasts_s >= _LEAST_S),
        drift - deviates - _LEAST_DRIFT - _LEAST_DRIFT_OF_LENGTH * length / 2,
        -np.inf,
    )


def _line(at_s: _Floats, offset: _Floats, seen: _Floats) -> tuple[_Floats, _Floats, _Floats]:
    """Fit lines over time: their slopes, their values, and the standard deviations from them."""
    count = np.maximum(seen.sum(axis=1), 1.0)
    t = at_s[:, None] - (at_s @ seen / count)[:, None]
    weighted = seen * t
    mean = np.einsum("mtj,mtj->mj", seen, offset) / count
    slope = np.einsum("mtj,mtj->mj", weighted, offset) / np.maximum(
        np.einsum("mtj,mtj->mj", weighted, t), 1e-9
    )
    line = mean[:, None] + slope[:, None] * t
    error = np.sqrt(np.einsum("mtj,mtj->mj", seen, (offset - line) ** 2) / count) + 1e-9
    return slope, line, error[:, None]
