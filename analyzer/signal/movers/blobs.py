"""Blobs: changed cells of a grid that touch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from analyzer.signal.movers.tracklet import Box, Cells, gap

_CELL_CHANGED = 24  # of 255: less is noise, or the blurred edge of a neighbour
_TOUCH = 1.5  # blobs this close to each other (in cells) are one detection
_MAX_BLOBS = 16  # the largest ones: snow must not cost more than a street


@dataclass(frozen=True, slots=True, eq=False)
class Blob:
    """Changed cells that touch, or the part of them that belongs to one track: box, centre, area in cells.

    ``cells`` are those of a part; a whole blob has its label among the blobs found.
    """

    box: Box
    x: float
    y: float
    area: float
    label: int = 0
    cells: Cells | None = None


@dataclass(frozen=True, slots=True)
class Blobs:
    """The blobs of a grid, largest first, with the cells that they consist of."""

    blobs: list[Blob]
    labels: NDArray[np.int32]
    changed: NDArray[np.uint8]


def find_blobs(grid: NDArray[np.uint8]) -> Blobs:
    """Return the blobs of a grid of changed cells, at most 16."""
    changed = cv2.threshold(grid, _CELL_CHANGED, 255, cv2.THRESH_TOZERO)[1].astype(np.uint8, copy=False)
    count, labels, stats, centres = cv2.connectedComponentsWithStats(changed)
    areas = np.bincount(labels.ravel(), changed.ravel(), count).tolist()
    blobs = [
        # In cells; OpenCV counts from the middle of cell 0.
        Blob((x, y, x + wide, y + high), cx + 0.5, cy + 0.5, areas[label] / 255, label)
        for label, ((x, y, wide, high, _), (cx, cy)) in enumerate(
            zip(stats.tolist(), centres.tolist(), strict=True)
        )
        if label  # 0 is the background
    ]
    blobs = sorted(blobs, key=lambda blob: -blob.area)[:_MAX_BLOBS]
    return Blobs(blobs, labels.astype(np.int32, copy=False), changed)


def cells_of(blob: Blob, found: Blobs) -> Cells:
    """Return the cells of one of the blobs found, or of a part of it."""
    if blob.cells is not None:
        return blob.cells
    left, top, right, bottom = map(int, blob.box)
    rows, columns = np.nonzero(found.labels[top:bottom, left:right] == blob.label)
    weights = found.changed[rows + top, columns + left].astype(np.float64) / 255
    return Cells(columns.astype(np.float64) + (left + 0.5), rows.astype(np.float64) + (top + 0.5), weights)


def split(blob: Blob, found: Blobs, boxes: Sequence[Box]) -> list[Blob | None]:
    """Split a blob among boxes: each cell goes to the box in which it is closest to the middle."""
    if not boxes:
        return []
    x, y, weights = cells_of(blob, found)
    sides = np.array(boxes)
    low, high = sides[:, :2], sides[:, 2:]
    middle, half = (low + high) / 2, np.maximum(high - low, 1e-6) / 2
    # Distance from the middle of a box, in halves of its sides.
    depth = np.maximum(
        abs(x - middle[:, :1]) / half[:, :1],
        abs(y - middle[:, 1:]) / half[:, 1:],
    )
    owner = depth.argmin(axis=0)
    return [_part(x[mine], y[mine], weights[mine]) for mine in (owner == n for n in range(len(boxes)))]


def _part(x: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64]) -> Blob | None:
    if not len(x):
        return None
    area = float(weights.sum())
    box = (float(x.min()) - 0.5, float(y.min()) - 0.5, float(x.max()) + 0.5, float(y.max()) + 0.5)
    return Blob(box, float(x @ weights) / area, float(y @ weights) / area, area, 0, Cells(x, y, weights))


def absorb(blobs: list[Blob], free: list[Blob]) -> list[Blob]:
    """Add the free blobs that touch these, directly or through others; returns the rest."""
    n = 0
    while n < len(blobs):
        touching = [blob for blob in free if gap(blob.box, blobs[n].box) <= _TOUCH]
        blobs += touching
        free = [blob for blob in free if blob not in touching]
        n += 1
    return free


def groups(blobs: Sequence[Blob]) -> list[list[Blob]]:
    """Return groups of blobs that touch, largest first."""
    free, found = list(blobs), []
    while free:
        group = [free[0]]
        free = absorb(group, free[1:])
        found.append(group)
    return sorted(found, key=lambda group: -sum(blob.area for blob in group))
