"""The motion signal: how much of the picture changed from frame to frame, and its noise floor.

The default signal, ``changed``, looks at *detail*: the blurred picture less its surroundings' mean.
Exposure, gain, a cloud and soft shadows change the surroundings and leave the detail. It compares with
two earlier frames and counts a pixel that differs from both: so the trail that a mover has just left
does not count, a damaged frame counts once, and what moves less than a pixel a frame is still seen.
The ages of the two are times, not numbers of frames: 10 and 60 frames a second see alike.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

Polygon = tuple[tuple[float, float], ...]

BLUR_PX = 9
GRID_ROWS, GRID_COLUMNS = 30, 40

_STEP_PX = (
    3  # a picture blurred by 9 pixels is looked at in every third: a ninth of the work, alike in result
)
_SURROUNDINGS_STEPS = 11
_DETAIL_GAIN = 2  # detail is kept in half grey levels, 128 is none
_REFERENCES = ((0.2, 2), (0.4, 3))  # age (s), and the least age in frames
_MAX_FRAMES = 64

# A difference counts from so many grey levels on, more where still pixels differ more.
_MIN_LEVELS, _MAX_LEVELS = 3.0, 12.0
_STILL_SHARE = 0.8
_LEVELS_PER_STILL = 3.5  # 80 % of Gaussian noise lies within 1.28 sd: 4.5 sd
_SD_PER_STILL = 1 / 1.2816
_MAX_NOISE_SD = 4.0  # in grey levels after the blur; more is motion all over the picture

# And from such a share of the local contrast on, more where still edges differ more: a camera that
# shakes, an exposure that pumps and a coder that refreshes change edges in proportion to contrast.
_MIN_CONTRAST_SHARE, _MAX_CONTRAST_SHARE = 0.1, 0.7
_STILL_EDGE_SHARE = 0.75
_SHARES_PER_STILL = 2.5
_EDGE_LEVELS, _MIN_EDGE_SAMPLES = 16, 50
_RATIO_SCALE = 64

_MIN_CHANGED_SHARE = 1 / 1500  # of the picture: 80 pixels of 400x300; a walker of 5x16 pixels shows 120
_NOTEBOOK_MARGIN = 0.05  # of the area: 4 sd of a count of noise that is alike over 9x9 pixels
_CUT_SHARE = 0.2
_CUT_LIKENESS = 0.25
_DILATION = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Motion:
    """What changed between one frame and the frame before.

    Attributes:
        pts_s: media time of the frame.
        value: the signal: pixels of the analysis picture that changed.
        floor: what the signal would show here from noise alone, in pixels.
        threshold: the value above which something clearly happens, in pixels.
        shift: the picture-wide change of brightness that was removed, in grey levels, signed.
        cut: the whole picture was replaced.
        grid: share of each cell of a coarse grid that changed, uint8 (rows, columns), 255 is all of
            it; None when the value is not above the threshold.
    """

    pts_s: float
    value: float
    floor: float
    threshold: float
    shift: float
    cut: bool
    grid: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """What to measure, and where.

    Attributes:
        signal: ``changed``, or ``notebook``: pixels brighter than in the frame before, noise included.
        width_px, height_px: size of the analysis picture.
        regions: polygons in source pixels; where there are any, only what lies in one counts.
        ignore: polygons in source pixels in which nothing counts.
    """

    signal: Literal["changed", "notebook"] = "changed"
    width_px: int = 400
    height_px: int = 300
    regions: tuple[Polygon, ...] = ()
    ignore: tuple[Polygon, ...] = ()


def rectangle(x: float, y: float, w: float, h: float) -> Polygon:
    return ((x, y), (x + w, y), (x + w, y + h), (x, y + h))


@dataclass(frozen=True, slots=True)
class _Frame:
    """Every third pixel of a blurred frame: detail, the strongest detail around, and a coarse copy."""

    pts_s: float
    detail: MatLike
    contrast: MatLike
    coarse: NDArray[np.int16]


class MotionMeter:
    """Measures the frames of one camera, one after the other.

    Raises ValueError for settings that leave nothing to look at.
    """

    def __init__(self, settings: MotionSettings, source_width_px: int, source_height_px: int) -> None:
        self._shape = (settings.height_px, settings.width_px)
        self._is_notebook = settings.signal == "notebook"
        if min(self._shape) < _STEP_PX * _SURROUNDINGS_STEPS:
            raise ValueError(f"an analysis size of {settings.width_px}x{settings.height_px} is too small")
        looked_at, self._counted_full = _masks(settings, source_width_px, source_height_px)
        self._looked_at, self._counted = _thin(_sample(looked_at)), _sample(self._counted_full)
        if not self._counted.any():
            raise ValueError("regions and ignore leave nothing of the picture to look at")
        self._area_px = cv2.countNonZero(self._counted_full)
        self._pixels_per_sample = self._area_px / cv2.countNonZero(self._counted)
        self._frames: deque[_Frame] = deque(maxlen=_MAX_FRAMES)
        self._last_blurred: MatLike | None = None

    def measure(self, pts_s: float, luma: NDArray[np.uint8]) -> Motion:
        """Measure the next frame; ``luma`` is uint8 (height_px, width_px), already resized.

        The first frame has value 0. Raises ValueError for another shape.
        """
        if luma.shape != self._shape:
            raise ValueError(f"a picture of shape {luma.shape}, where {self._shape} is needed")
        blurred = cv2.blur(luma, (BLUR_PX, BLUR_PX))
        frame = _frame(pts_s, _sample(blurred))
        motion = self._compare(frame, blurred) if self._frames else _nothing(pts_s)
        self._remember(frame, blurred)
        return motion

    def _compare(self, frame: _Frame, blurred: MatLike) -> Motion:
        near, far = (self._reference(frame.pts_s, *reference) for reference in _REFERENCES)
        difference = cv2.absdiff(frame.detail, near.detail)
        contrast = cv2.min(frame.contrast, near.contrast)
        still, share = self._still(_thin(difference), _thin(contrast))
        levels = min(max(_MIN_LEVELS, _LEVELS_PER_STILL * still), _MAX_LEVELS)
        difference = cv2.min(difference, cv2.absdiff(frame.detail, far.detail))
        excess = cv2.addWeighted(difference, 1.0, contrast, -share, -levels * _DETAIL_GAIN)
        changed = cv2.bitwise_and(cv2.threshold(excess, 0, 255, cv2.THRESH_BINARY)[1], self._counted)
        changed_px = cv2.countNonZero(changed) * self._pixels_per_sample

        sd = min(max(_SD_PER_STILL * still, 0.05), _MAX_NOISE_SD)
        if self._is_notebook:
            value, floor = self._brighter_px(blurred), self._area_px * _beyond(0.5 / sd) / 2
            threshold = floor + _NOTEBOOK_MARGIN * self._area_px
        else:
            value, floor = changed_px, self._area_px * _beyond(levels / sd)
            threshold = 3.0 * floor + _MIN_CHANGED_SHARE * self._shape[0] * self._shape[1]
        last = self._frames[-1]
        return Motion(
            pts_s=frame.pts_s,
            value=value,
            floor=floor,
            threshold=threshold,
            shift=_shift(frame, last),
            cut=changed_px > _CUT_SHARE * self._area_px and _likeness(frame, last) < _CUT_LIKENESS,
            grid=_grid(changed) if value > threshold else None,
        )

    def _reference(self, pts_s: float, age_s: float, least_frames: int) -> _Frame:
        """The frame nearest to an age; while there is none old enough, the oldest."""
        i = max(0, len(self._frames) - least_frames)
        while i > 0 and abs(pts_s - self._frames[i - 1].pts_s - age_s) <= abs(
            pts_s - self._frames[i].pts_s - age_s
        ):
            i -= 1
        return self._frames[i]

    def _remember(self, frame: _Frame, blurred: MatLike) -> None:
        oldest_s, least_frames = _REFERENCES[-1]
        self._frames.append(frame)
        while len(self._frames) > least_frames and frame.pts_s - self._frames[1].pts_s > oldest_s:
            self._frames.popleft()
        self._last_blurred = blurred if self._is_notebook else None

    def _still(self, difference: MatLike, contrast: MatLike) -> tuple[float, float]:
        """What the stiller part of the picture tells of everything but movers.

        Returns by how many grey levels it differs, and which share of the local contrast a difference
        must exceed.
        """
        histogram = cv2.calcHist([difference], [0], self._looked_at, [256], [0, 256])
        still = _quantile(histogram, _STILL_SHARE) / _DETAIL_GAIN
        _, edges = cv2.threshold(contrast, _EDGE_LEVELS * _DETAIL_GAIN, 255, cv2.THRESH_BINARY)
        edges = cv2.bitwise_and(edges, self._looked_at)
        if cv2.countNonZero(edges) < _MIN_EDGE_SAMPLES:
            return still, _MIN_CONTRAST_SHARE
        ratios = cv2.divide(difference, contrast, scale=_RATIO_SCALE)
        histogram = cv2.calcHist([ratios], [0], edges, [256], [0, 256])
        share = _SHARES_PER_STILL * _quantile(histogram, _STILL_EDGE_SHARE) / _RATIO_SCALE
        return still, min(max(_MIN_CONTRAST_SHARE, share), _MAX_CONTRAST_SHARE)

    def _brighter_px(self, blurred: MatLike) -> float:
        if self._last_blurred is None:
            return 0.0
        brighter = cv2.subtract(blurred, self._last_blurred)
        return float(cv2.countNonZero(cv2.bitwise_and(brighter, self._counted_full)))


def _masks(settings: MotionSettings, source_width_px: int, source_height_px: int) -> tuple[MatLike, MatLike]:
    """What noise is estimated from (all but what is ignored), and what counts; 255 or 0."""
    shape = (settings.height_px, settings.width_px)
    scale = np.array([settings.width_px / source_width_px, settings.height_px / source_height_px])

    def fill(mask: MatLike, polygons: tuple[Polygon, ...], value: int) -> MatLike:
        for polygon in polygons:
            if len(polygon) < 3:
                raise ValueError(f"a polygon of {len(polygon)} points has no area")
            # a vertex between pixels 1 and 2 lies at 1.5: what is drawn are the pixels inside
            corners = np.rint(np.array(polygon) * scale - 0.5).astype(np.int32)
            cv2.fillPoly(mask, [corners], (value,))
        return mask

    looked_at = fill(np.full(shape, 255, np.uint8), settings.ignore, 0)
    if not settings.regions:
        return looked_at, looked_at
    return looked_at, cv2.bitwise_and(fill(np.zeros(shape, np.uint8), settings.regions, 255), looked_at)


def _sample(picture: MatLike) -> MatLike:
    middle = _STEP_PX // 2
    return np.ascontiguousarray(picture[middle::_STEP_PX, middle::_STEP_PX])


def _thin(samples: MatLike) -> MatLike:
    """A quarter of the samples: enough for the picture's statistics."""
    return np.ascontiguousarray(samples[::2, ::2])


def _frame(pts_s: float, samples: MatLike) -> _Frame:
    surroundings = cv2.blur(samples, (_SURROUNDINGS_STEPS, _SURROUNDINGS_STEPS))
    detail = cv2.addWeighted(samples, _DETAIL_GAIN, surroundings, -_DETAIL_GAIN, 128)
    contrast = cv2.dilate(cv2.absdiff(detail, np.full_like(detail, 128)), _DILATION)
    return _Frame(pts_s, detail, contrast, samples[::5, ::5].astype(np.int16))


def _nothing(pts_s: float) -> Motion:
    return Motion(pts_s, value=0.0, floor=0.0, threshold=0.0, shift=0.0, cut=False, grid=None)


def _quantile(histogram: MatLike, share: float) -> float:
    """The quantile of whole numbers given as a histogram; within a number's bin by interpolation."""
    sums = histogram.ravel().cumsum()
    wanted = share * float(sums[-1])
    i = int(sums.searchsorted(wanted))
    below = float(sums[i - 1]) if i else 0.0
    return max(0.0, i - 0.5 + (wanted - below) / max(float(histogram.flat[i]), 1.0))


def _beyond(sds: float) -> float:
    """The share of Gaussian noise that lies more than so many standard deviations off, either way."""
    return math.erfc(sds / math.sqrt(2.0))


def _shift(frame: _Frame, last: _Frame) -> float:
    """By how many grey levels most of the picture became brighter: the mean of the middle half."""
    steps = np.sort(frame.coarse - last.coarse, axis=None)
    quarter = steps.size // 4
    return float(steps[quarter:-quarter].sum()) / (steps.size - 2 * quarter)


def _likeness(frame: _Frame, last: _Frame) -> float:
    """How alike two pictures' detail is: 1 is the same up to its strength, about 0 another scene."""
    one = frame.detail[::2, ::2].ravel() - np.float32(128)
    other = last.detail[::2, ::2].ravel() - np.float32(128)
    return float(one @ other) / max(math.sqrt(float(one @ one) * float(other @ other)), 1.0)


def _grid(changed: MatLike) -> NDArray[np.uint8]:
    # a cell has 3.3 samples a side: the mean over 3x3 of them, taken at the cells' middles
    grid = cv2.resize(cv2.blur(changed, (3, 3)), (GRID_COLUMNS, GRID_ROWS), interpolation=cv2.INTER_LINEAR)
    return grid.astype(np.uint8, copy=False)
