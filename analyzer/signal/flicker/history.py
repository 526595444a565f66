"""In which frames and cells changes were seen, and where they began."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from analyzer.signal.flicker.region import NO_CELLS, Cells
from analyzer.signal.motion import GRID_COLUMNS, GRID_ROWS, Motion
from stream.frames.decoder import CHROMA_S

HORIZON_S = 600.0
REST_S = 0.25
"""A change is visible for 0.2 s: what follows a rest of more begins anew."""

_MAX_FRAMES = 256  # of those in which anything changed: 20 s where something always moves
_MAX_CELLS = 300  # changed in one frame: more is no small region, whatever it is
_TOGETHER = 64  # frames in which beginnings are looked for at once: one after the other costs more


@dataclass(frozen=True, slots=True)
class _Pending:
    """A frame in which something changed; what follows a rest of more than ``rest_s`` begins anew."""

    pts_s: float
    number: int
    rest_s: float
    changes: NDArray[np.uint8]
    colour_only: Cells | None


@dataclass(frozen=True, slots=True)
class _Seen:
    """The same when it is known where its changes began, in all and in colour alone (None for nowhere)."""

    pts_s: float
    number: int
    changes: NDArray[np.uint8]
    began: Cells
    began_in_colour: Cells | None


@dataclass(frozen=True, slots=True)
class Changes:
    """Frames in which something changed, one after the other.

    Attributes:
        times_s: their media times.
        numbers: the how manieth frame of all each is.
        amounts: how much changed, uint8 (frames, rows, columns).
        began: where it began, there or in the next cell, bool.
        in_colour: where it began in colour alone; None for nowhere.
    """

    times_s: NDArray[np.float64]
    numbers: NDArray[np.int_]
    amounts: NDArray[np.uint8]
    began: Cells
    in_colour: Cells | None

    def __len__(self) -> int:
        return len(self.times_s)

    def since(self, from_s: float) -> Changes:
        """Return the frames after this media time."""
        after = slice(int(np.searchsorted(self.times_s, from_s, "right")), None)
        in_colour = None if self.in_colour is None else self.in_colour[after]
        return Changes(
            self.times_s[after], self.numbers[after], self.amounts[after], self.began[after], in_colour
        )

    def changed(self, index: NDArray[np.int_]) -> NDArray[np.bool_]:
        """In which frames one of these cells, by its number in the grid, changed."""
        return np.asarray(self.amounts.reshape(len(self), -1)[:, index].any(axis=1))

    def began_in(self, index: NDArray[np.int_]) -> NDArray[np.bool_]:
        """In which frames a change began in one of these cells."""
        return np.asarray(self.began.reshape(len(self), -1)[:, index].any(axis=1))


class History:
    """The newest frames of one camera in which something changed.

    Attributes:
        number: how many frames there were, with and without changes.
        frame_s: how far frames are apart, averaged over the last 20 or so.
    """

    def __init__(self) -> None:
        self._frames: deque[_Seen] = deque(maxlen=_MAX_FRAMES)
        self.number = 0
        self.frame_s = 0.0
        self._pending: list[_Pending] = []
        self._active_s = np.full((GRID_ROWS, GRID_COLUMNS), -np.inf)  # when each cell or its next changed
        self._first_s = 0.0
        self._last_s: float | None = None

    @property
    def colour_s(self) -> float:
        """How far apart the frames are of which colour is compared."""
        return max(1, math.ceil(CHROMA_S / max(0.001, self.frame_s) - 0.01)) * self.frame_s

    @property
    def begins_s(self) -> float:
        """Media time from which on all is known."""
        full = len(self._frames) == _MAX_FRAMES
        return self._frames[0].pts_s if full else self._first_s

    def note(self, motion: Motion) -> None:
        """Take the next frame's motion."""
        if self._last_s is None:
            self._first_s = motion.pts_s
        else:
            step_s = min(1.0, motion.pts_s - self._last_s)
            self.frame_s += (step_s - self.frame_s) * (0.05 if self.frame_s else 1.0)
        self._last_s = motion.pts_s
        self.number += 1
        if motion.changes is None or motion.cut or cv2.countNonZero(motion.changes) > _MAX_CELLS:
            return
        rest_s = max(REST_S, 1.5 * self.frame_s)
        self._pending.append(_Pending(motion.pts_s, self.number, rest_s, motion.changes, motion.colour_only))
        if len(self._pending) >= _TOGETHER:
            self._find_beginnings()

    def changes(self, now_s: float) -> Changes | None:
        """Return all changes of the last HORIZON_S; None where there are none."""
        self._find_beginnings()
        while self._frames and now_s - self._frames[0].pts_s > HORIZON_S:
            self._frames.popleft()
        if not self._frames:
            return None
        in_colour = [seen.began_in_colour for seen in self._frames]
        coloured = any(cells is not None for cells in in_colour)
        return Changes(
            np.array([seen.pts_s for seen in self._frames]),
            np.array([seen.number for seen in self._frames]),
            np.stack([seen.changes for seen in self._frames]),
            np.stack([seen.began for seen in self._frames]),
            np.stack([NO_CELLS if cells is None else cells for cells in in_colour]) if coloured else None,
        )

    def _find_beginnings(self) -> None:
        """Find in which cells changes began in the frames that are pending; they join the others."""
        if not self._pending:
            return
        here = _dilated(np.stack([seen.changes for seen in self._pending]) > 0)
        zero_s = self._pending[0].pts_s  # half the width is enough for times after it
        times_s = np.array([seen.pts_s - zero_s for seen in self._pending], np.float32)[:, None, None]
        rests_s = np.array([seen.rest_s for seen in self._pending], np.float32)[:, None, None]
        active_s = np.empty(
            (len(here) + 1, GRID_ROWS, GRID_COLUMNS), np.float32
        )  # before each, and after all
        active_s[0] = self._active_s - zero_s
        active_s[1:] = np.where(here, times_s, np.float32(-np.inf))
        np.maximum.accumulate(active_s, out=active_s)
        began = here & (times_s - active_s[:-1] > rests_s)
        self._active_s = active_s[-1] + zero_s
        in_colour = self._in_colour(began)
        for nth, seen in enumerate(self._pending):
            self._frames.append(_Seen(seen.pts_s, seen.number, seen.changes, began[nth], in_colour.get(nth)))
        self._pending.clear()

    def _in_colour(self, began: Cells) -> dict[int, Cells]:
        """Where changes began in colour alone, by the number of the pending frame; not for all frames."""
        coloured = [
            (nth, seen.changes, seen.colour_only)
            for nth, seen in enumerate(self._pending)
            if seen.colour_only is not None
        ]
        if not coloured:
            return {}
        nths, changes, colour_only = zip(*coloured, strict=True)
        in_luma = _dilated((np.stack(changes) > 0) & ~np.stack(colour_only))
        return dict(zip(nths, began[list(nths)] & ~in_luma, strict=True))


def _dilated(cells: Cells) -> Cells:
    """Which cells are set, or one next to them, frame by frame."""
    wide = cells.copy()
    wide[:, :, 1:] |= cells[:, :, :-1]
    wide[:, :, :-1] |= cells[:, :, 1:]
    high = wide.copy()
    high[:, 1:] |= wide[:, :-1]
    high[:, :-1] |= wide[:, 1:]
    return high
