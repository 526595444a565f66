"""The motion signal: how many pixels changed from frame to frame, and its noise floor.

The default signal, ``changed``, uses *detail*: the blurred picture minus the mean of its surroundings.
Exposure, gain, clouds and soft shadows change the surroundings but not the detail. Each frame is compared
with two earlier ones, and a pixel counts if it differs from both: so the background that a mover has just
uncovered does not count, a damaged frame counts once, and movement of less than a pixel a frame is still
found. After a cut, the first frame of the new scene is a third reference, so that the cut counts once, in
that frame. The ages of the references are times, not numbers of frames, so the signal hardly depends on the
frame rate.

On two clips of fixed cameras with known events it separates event frames from others with AUC 0.993 and
0.994; a plain ``|difference| > 8`` reaches 0.992 on both, and with sensor noise of sd 8 added
0.967 and 0.909 against 0.990 and 0.979 here. A box of 5x17 pixels and 40 grey levels that moves 9 pixels
a second is above the threshold in three frames of four, at 5 to 60 frames a second, with noise of sd 3 added.
Colour is compared in the same way, at a coarser scale: movers of the same brightness as their background show
there. False positives that remain: reflections, and a camera that shakes by more than a pixel.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from analyzer.signal.colour import ColourMeter
from analyzer.signal.noise import DETAIL_GAIN, Noise, estimate_noise
from analyzer.signal.settings import Areas, MotionSettings, Polygon

BLUR_PX = 9
GRID_ROWS, GRID_COLUMNS = 30, 40

# Of a picture blurred by 9 pixels every third is used: a ninth of the work, nearly the same result.
_STEP_PX = 3
_SURROUNDINGS_STEPS = 9
_REFERENCES = ((0.2, 1), (0.4, 2))  # age (s), and the least age in frames
_MAX_FRAMES = 64

_MIN_CHANGED_SHARE = 1 / 1500  # of the picture: 80 pixels of 400x300; a walker of 5x16 pixels changes 120
_NOTEBOOK_MARGIN = 0.05  # of the area: 4 sd of a count of noise that is correlated over 9x9 pixels
_SETTLING_S, _SETTLING_FACTOR = 1.5, 20.0
_CUT_SPREAD_LEVELS = 6  # spread of the changes of brightness over half of the picture
_CUT_LIKENESS = 0.35  # of six clips without a cut, frames of such a spread are above 0.6; cuts are below 0.1
_BACK_LIKENESS = 0.5
_CLIPPED_LEVELS = 4  # stronger detail counts as much: a bar, a logo or a near object stays over cuts
_SWITCH_LEVELS = 10  # in one frame: a light is switched; exposure control takes many frames
_DILATION = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Motion:
    """What changed between one frame and the frame before.

    Attributes:
        pts_s: media time of the frame.
        value: the signal: pixels of the analysis picture that changed.
        floor: the signal of noise alone, in pixels.
        threshold: the value above which there is clearly motion, in pixels.
        shift: the picture-wide change of brightness that was removed, in grey levels, signed.
        cut: whether the whole picture was replaced.
        back: whether the picture is again that of before the last cut, which was a single frame of another
            scene.
        grid: share of each cell of a coarse grid that changed, uint8 (rows, columns), 255 is all of
            it; None when the value is not above the threshold.
        changes: the same for any value; None when nothing changed, and always for the notebook's signal.
        colour_only: cells in which the colour changed and the luma did not, bool (rows, columns); None
            where there are none. They appear only in frames whose colour is compared.
    """

    pts_s: float
    value: float
    floor: float
    threshold: float
    shift: float
    cut: bool
    grid: NDArray[np.uint8] | None
    back: bool = False
    changes: NDArray[np.uint8] | None = None
    colour_only: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class _Frame:
    """Every third pixel of a blurred frame: detail, the strongest detail nearby, and a coarse copy."""

    pts_s: float
    detail: MatLike
    contrast: MatLike
    coarse: NDArray[np.int16]


class MotionMeter:
    """Measures the frames of one camera in turn.

    Raises ValueError for settings that leave nothing to analyse.
    """

    def __init__(
        self,
        settings: MotionSettings,
        source_width_px: int,
        source_height_px: int,
        areas: Areas | None = None,
    ) -> None:
        if settings.signal not in ("changed", "notebook"):
            raise ValueError(f"signal is {settings.signal!r}: it must be changed or notebook")
        self._shape = (settings.height_px, settings.width_px)
        if min(self._shape) < _STEP_PX * _SURROUNDINGS_STEPS:
            raise ValueError(f"an analysis size of {settings.width_px}x{settings.height_px} is too small")
        analysed, counted = _masks(settings, source_width_px, source_height_px, areas or Areas())
        self._analysed, self._counted = _thin(_sample(analysed)), _sample(counted)
        if not self._counted.any():
            raise ValueError("regions and ignore leave nothing of the picture to analyse")
        self._colours = ColourMeter()
        self._area_px = cv2.countNonZero(counted)
        self._pixels_per_sample = self._area_px / cv2.countNonZero(self._counted)
        self._no_detail = np.full_like(self._counted, 128)
        self._frames: deque[_Frame] = deque(maxlen=_MAX_FRAMES)
        self._first_s: float | None = None
        self._limits = 0.0, 0.0  # floor and threshold of the newest frame that was compared
        self._cut: _Frame | None = None  # the first frame after the newest cut
        self._before_cut: _Frame | None = None  # the last frame before it, until another follows
        self._brightening = _Brightening(counted) if settings.signal == "notebook" else None

    def measure(
        self,
        pts_s: float,
        luma: NDArray[np.uint8],
        chroma: NDArray[np.uint8] | None = None,
        *,
        afresh: bool = False,
    ) -> Motion:
        """Measure the next frame; ``luma`` and ``chroma`` as in Frame, already resized.

        The first frame has value 0, and so has one with ``afresh``: those before it are no references, as
        they differ from it by more than what moved. Raises ValueError for another shape of ``luma``.
        """
        if luma.shape != self._shape:
            raise ValueError(f"luma has shape {luma.shape}: it must be {self._shape}")
        frame = self._frame(pts_s, luma)
        brighter_px = self._brightening.measure(luma) if self._brightening else None
        if self._first_s is None or afresh:
            self._first_s = pts_s if self._first_s is None else self._first_s
            self._frames.clear()
            self._cut = self._before_cut = None
            self._colours.reset()
            self._colours.measure(pts_s, chroma, 0.0)
            floor, threshold = self._limits
            motion = Motion(pts_s, 0.0, floor, threshold, shift=0.0, cut=False, grid=None)
        else:
            motion = self._compare(frame, chroma, pts_s - self._first_s, brighter_px)
            self._limits = motion.floor, motion.threshold
        self._remember(frame)
        return motion

    def first_of_scene(self, lumas: Iterable[NDArray[np.uint8]]) -> int | None:
        """Return the index of the first frame of a new scene among frames that were not measured.

        Call it after a frame with a cut; ``lumas`` are the frames between it and the one measured before
        it. None where all of them are of the old scene: then the scene begins with the measured frame.
        """
        before, after = self._frames[-2], self._frames[-1]
        for nth, luma in enumerate(lumas):
            frame = self._frame(after.pts_s, luma)
            if _likeness(frame, after) > _likeness(frame, before):
                return nth
        return None

    def _frame(self, pts_s: float, luma: MatLike) -> _Frame:
        # The mean over 3x3, at every third pixel, and again: exactly the mean over 9x9.
        samples = cv2.blur(_sample(cv2.blur(luma, (3, 3))), (3, 3))
        surroundings = cv2.blur(samples, (_SURROUNDINGS_STEPS, _SURROUNDINGS_STEPS))
        detail = cv2.addWeighted(samples, DETAIL_GAIN, surroundings, -DETAIL_GAIN, 128)
        contrast = cv2.dilate(cv2.absdiff(detail, self._no_detail), _DILATION)
        return _Frame(pts_s, detail, contrast, samples[::6, ::6].astype(np.int16))

    def _compare(
        self, frame: _Frame, chroma: MatLike | None, running_s: float, brighter_px: int | None
    ) -> Motion:
        near, far = (self._reference(frame.pts_s, *reference) for reference in _REFERENCES)
        difference = cv2.absdiff(frame.detail, near.detail)
        contrast = cv2.min(frame.contrast, near.contrast)
        noise = estimate_noise(_thin(difference), _thin(contrast), self._analysed)
        share = noise.min_contrast_share
        difference = cv2.min(difference, cv2.absdiff(frame.detail, far.detail))
        if self._cut is not None and far.pts_s < self._cut.pts_s:
            difference = cv2.min(difference, cv2.absdiff(frame.detail, self._cut.detail))
        # Above 0 where both minima are exceeded; the 0.5 compensates for rounding.
        excess = cv2.addWeighted(difference, 1.0, contrast, -share, 0.5 - noise.min_levels * DETAIL_GAIN)
        shift, replaced, back = self._whole_picture(frame)
        if replaced:
            self._colours.reset()
        recoloured = self._colours.measure(frame.pts_s, chroma, share)
        by_luma = excess
        if recoloured is not None:
            size = self._counted.shape[::-1]
            excess = cv2.max(excess, cv2.resize(recoloured, size, interpolation=cv2.INTER_NEAREST))
        changed = cv2.bitwise_and(excess, self._counted)
        changed_px = cv2.countNonZero(changed) * self._pixels_per_sample

        if brighter_px is None:
            value, floor, threshold = changed_px, *self._changed_limits(noise, running_s)
        else:
            floor = self._area_px * noise.brightened_share
            value, threshold = float(brighter_px), floor + _NOTEBOOK_MARGIN * self._area_px
        grid = _grid(changed) if changed_px > 0 or value > threshold else None
        colour_only = None
        if recoloured is not None and grid is not None:
            colour_only = (grid > 0) & (_grid(cv2.bitwise_and(by_luma, self._counted)) == 0)
        return Motion(
            pts_s=frame.pts_s,
            value=value,
            floor=floor,
            threshold=threshold,
            shift=shift,
            cut=replaced and not back,
            grid=grid if value > threshold else None,
            back=back,
            changes=grid if brighter_px is None else None,
            colour_only=colour_only if brighter_px is None else None,
        )

    def _changed_limits(self, noise: Noise, running_s: float) -> tuple[float, float]:
        """Return the noise floor and the quiet threshold in pixels.

        A coder that has just started sharpens the still picture for up to a second, changing up to 1.3 % of
        its pixels, so the threshold begins higher than that and decreases.
        """
        floor = self._area_px * noise.floor_share
        settling = _SETTLING_FACTOR * max(0.0, 1.0 - running_s / _SETTLING_S)
        least_px = _MIN_CHANGED_SHARE * self._shape[0] * self._shape[1]
        return floor, 3.0 * floor + (1.0 + settling) * least_px

    def _whole_picture(self, frame: _Frame) -> tuple[float, bool, bool]:
        """Return the change of brightness (mean of the stiller half), and whether the picture was replaced.

        The third value is true when this frame restores what a cut one frame ago replaced. After a light was
        switched, earlier frames are no references for motion: they are dropped.
        """
        last = self._frames[-1]
        steps = np.sort(frame.coarse - last.coarse, axis=None)
        quarter = steps.size // 4
        shift = float(steps[quarter:-quarter].sum()) / (steps.size - 2 * quarter)
        spread = int(steps[-quarter]) - int(steps[quarter])
        replaced = spread > _CUT_SPREAD_LEVELS and _likeness(frame, last) < _CUT_LIKENESS
        before, self._before_cut = self._before_cut, None
        back = replaced and before is not None and _likeness(frame, before) > _BACK_LIKENESS
        if replaced:
            self._cut = frame
            self._before_cut = None if back else last
        elif abs(shift) > _SWITCH_LEVELS:
            self._frames.clear()
        return shift, replaced, back

    def _reference(self, pts_s: float, age_s: float, least_frames: int) -> _Frame:
        """Return the frame closest to an age; the oldest while there is none old enough."""
        wanted_s = pts_s - age_s
        i = max(0, len(self._frames) - least_frames)
        while i > 0 and abs(wanted_s - self._frames[i - 1].pts_s) <= abs(wanted_s - self._frames[i].pts_s):
            i -= 1
        return self._frames[i]

    def _remember(self, frame: _Frame) -> None:
        oldest_s, least_frames = _REFERENCES[-1]
        self._frames.append(frame)
        while len(self._frames) > least_frames and frame.pts_s - self._frames[1].pts_s > oldest_s:
            self._frames.popleft()


class _Brightening:
    """The notebook's signal: how many pixels of the blurred picture are brighter than in the frame before."""

    def __init__(self, counted: MatLike) -> None:
        self._counted = counted
        self._last: MatLike | None = None

    def measure(self, luma: MatLike) -> int:
        blurred = cv2.blur(luma, (BLUR_PX, BLUR_PX))
        last, self._last = self._last, blurred
        if last is None:
            return 0
        return cv2.countNonZero(cv2.bitwise_and(cv2.subtract(blurred, last), self._counted))


def _masks(
    settings: MotionSettings, source_width_px: int, source_height_px: int, areas: Areas
) -> tuple[MatLike, MatLike]:
    """Return the masks of what is analysed (all but ``ignore``) and of what counts; 255 or 0."""
    shape = (settings.height_px, settings.width_px)
    scale = np.array([settings.width_px / source_width_px, settings.height_px / source_height_px])
    analysed = _fill(np.full(shape, 255, np.uint8), areas.ignore, scale, 0)
    if not areas.regions:
        return analysed, analysed
    regions = _fill(np.zeros(shape, np.uint8), areas.regions, scale, 255)
    return analysed, cv2.bitwise_and(regions, analysed)


def _fill(
    mask: NDArray[np.uint8], polygons: tuple[Polygon, ...], scale: NDArray[np.float64], value: int
) -> NDArray[np.uint8]:
    for polygon in polygons:
        if len(polygon) < 3:
            raise ValueError(f"a polygon of {len(polygon)} points has no area")
        # The centre of pixel 0 is at 0.5.
        corners = np.rint(np.array(polygon) * scale - 0.5).astype(np.int32)
        cv2.fillPoly(mask, [corners], (value,))
    return mask


def _sample(picture: MatLike) -> MatLike:
    middle = _STEP_PX // 2
    return np.ascontiguousarray(picture[middle::_STEP_PX, middle::_STEP_PX])


def _thin(samples: MatLike) -> MatLike:
    """Return a ninth of the samples: enough for statistics of the picture."""
    return np.ascontiguousarray(samples[::3, ::3])


def _likeness(frame: _Frame, last: _Frame) -> float:
    """Return the correlation of two pictures' detail: 1 for the same scene, about 0 for another."""
    one, other = _clipped(frame), _clipped(last)
    return float(one @ other) / max(math.sqrt(float(one @ one) * float(other @ other)), 1.0)


def _clipped(frame: _Frame) -> NDArray[np.float32]:
    limit = _CLIPPED_LEVELS * DETAIL_GAIN
    detail = frame.detail[::2, ::2].ravel().astype(np.float32) - 128
    return np.asarray(np.clip(detail, -limit, limit, out=detail))


def _grid(changed: MatLike) -> NDArray[np.uint8]:
    _, mask = cv2.threshold(changed, 0, 255, cv2.THRESH_BINARY)
    # A cell has 3.3 samples a side: the mean over 3x3 of them, at the centres of the cells.
    grid = cv2.resize(cv2.blur(mask, (3, 3)), (GRID_COLUMNS, GRID_ROWS), interpolation=cv2.INTER_LINEAR)
    return grid.astype(np.uint8, copy=False)
