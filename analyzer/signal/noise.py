"""Differences between frames that are not motion: sensor noise, compression, vibration."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
from cv2.typing import MatLike

DETAIL_GAIN = 2  # detail is stored in half grey levels, 128 is none

# A difference counts from so many grey levels on; more where still pixels differ more.
_MIN_LEVELS, _MAX_LEVELS = 3.0, 14.0
_STILL_SHARE = 0.7
_LEVELS_PER_STILL = 4.3  # 70 % of Gaussian noise lies within 1.036 sd: 4.5 sd
_SD_PER_STILL = 1 / 1.036
_MIN_SD, _MAX_SD = 0.05, 3.5  # in grey levels after the blur; more is not noise but motion

# And from such a share of the local contrast on; more where still edges differ more: a camera that
# shakes, an exposure that pumps and a coder that refreshes change edges in proportion to contrast.
_MIN_CONTRAST_SHARE, _MAX_CONTRAST_SHARE = 0.1, 0.7
_STILL_EDGE_SHARE = 0.6
_SHARES_PER_STILL = 3.0
_EDGE_LEVELS, _MIN_EDGE_SAMPLES = 16, 25
_RATIO_SCALE = 64
_STILL_LIMIT = 16  # both bounds above are reached at 15 or less


@dataclass(frozen=True, slots=True)
class Noise:
    """The noise of one frame, and the least difference that is motion.

    Attributes:
        min_levels: grey levels that a difference must exceed.
        min_contrast_share: share of the local contrast that it must exceed, too.
        sd: standard deviation of the noise, in grey levels after the blur.
    """

    min_levels: float
    min_contrast_share: float
    sd: float

    @property
    def floor_share(self) -> float:
        """Share of the pixels that exceed ``min_levels`` by noise alone."""
        return _share_beyond(self.min_levels / self.sd)

    @property
    def brightened_share(self) -> float:
        """Share of the pixels, as whole numbers, that noise alone raises by one or more.

        That is the mean of the noise cut off below 0 and above 1, since the chance that a number is rounded
        up is its fraction.
        """
        cut_off = 1.0 - math.exp(-0.5 / self.sd**2)
        return self.sd * cut_off / math.sqrt(2.0 * math.pi) + _share_beyond(1.0 / self.sd) / 2.0


def estimate_noise(difference: MatLike, contrast: MatLike, analysed: MatLike) -> Noise:
    """Estimate the noise from the pixels that changed least, which contain no motion.

    Args:
        difference: absolute difference of detail to an earlier frame, in half grey levels.
        contrast: the local contrast, in the same unit.
        analysed: 255 where the picture is analysed, else 0.
    """
    still = _quantile(difference, analysed, _STILL_SHARE) / DETAIL_GAIN
    return Noise(
        min_levels=min(max(_MIN_LEVELS, _LEVELS_PER_STILL * still), _MAX_LEVELS),
        min_contrast_share=_contrast_share(difference, contrast, analysed),
        sd=min(max(_SD_PER_STILL * still, _MIN_SD), _MAX_SD),
    )


def _contrast_share(difference: MatLike, contrast: MatLike, analysed: MatLike) -> float:
    _, edges = cv2.threshold(contrast, _EDGE_LEVELS * DETAIL_GAIN, 255, cv2.THRESH_BINARY)
    edges = cv2.bitwise_and(edges, analysed)
    if cv2.countNonZero(edges) < _MIN_EDGE_SAMPLES:
        return _MIN_CONTRAST_SHARE
    ratios = cv2.divide(difference, contrast, scale=_RATIO_SCALE)
    share = _SHARES_PER_STILL * _quantile(ratios, edges, _STILL_EDGE_SHARE) / _RATIO_SCALE
    return min(max(_MIN_CONTRAST_SHARE, share), _MAX_CONTRAST_SHARE)


def _quantile(values: MatLike, mask: MatLike, share: float) -> float:
    """Return a quantile of whole numbers, interpolated; ``_STILL_LIMIT`` for anything above it."""
    wanted = share * cv2.countNonZero(mask)
    below = 0.0
    for value, count in enumerate(cv2.calcHist([values], [0], mask, [_STILL_LIMIT], [0, _STILL_LIMIT]).flat):
        if count > 0 and below + count >= wanted:
            return max(0.0, value - 0.5 + (wanted - below) / float(count))
        below += float(count)
    return float(_STILL_LIMIT)


def _share_beyond(sds: float) -> float:
    """Return the share of Gaussian noise that is more than so many standard deviations off, either way."""
    return math.erfc(sds / math.sqrt(2.0))
