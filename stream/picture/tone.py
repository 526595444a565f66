"""Tone mapping of HDR and wide-gamut frames.

The curve is the one of ITU-R BT.2390 (section 5.4.1), from the peak of the content to the 203 cd/m2 that
BT.2408 gives to the white of ordinary video: levels below about half of that are not changed, brighter ones
are compressed rather than clipped. It is applied to the largest of red, green and blue, which preserves the
hue. All of it is one three-dimensional table for FFmpeg's ``lut3d``.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from tempfile import NamedTemporaryFile

import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from numpy.typing import NDArray

Values = NDArray[np.float64]

# AVCOL_TRC_ and AVCOL_PRI_, libavutil/pixfmt.h.
_PQ, _HLG = 16, 18
_BT709, _UNKNOWN = 1, 2
_BT2020, _P3_DCI, _P3_D65 = 9, 11, 12
# Linear RGB of wide primaries to that of BT.709; the white of DCI P3 is taken for that of D65.
_P3_TO_BT709 = np.array([[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]])
_TO_BT709 = {
    _BT2020: np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]),
    _P3_DCI: _P3_TO_BT709,
    _P3_D65: _P3_TO_BT709,
}
_BT2020_LUMA = np.array([0.2627, 0.6780, 0.0593])

_WHITE_NITS = 203.0
_HLG_PEAK_NITS = 1000.0
# Where a stream does not state its mastering display.
_USUAL_PEAK_NITS = 1000.0
_PQ_PEAK_NITS = 10_000.0
_HLG_GAMMA = 1.2  # at a peak of 1000 cd/m2, BT.2100
_DISPLAY_GAMMA = 2.4  # BT.1886

# Colours at the edge of the gamut are off by 12 levels with 33 steps, by 3 with 49.
_GRID = 49


@dataclass(frozen=True, slots=True)
class Grade:
    """The screen for which a frame was made.

    Attributes:
        transfer: AVCOL_TRC_ number.
        primaries: AVCOL_PRI_ number.
        peak_nits: its peak luminance, cd/m2.
    """

    transfer: int
    primaries: int
    peak_nits: float


def is_wide(frame: VideoFrame) -> bool:
    """Whether a frame has a wider range or gamut than ordinary video."""
    return frame.color_trc in {_PQ, _HLG} or frame.color_primaries in _TO_BT709


def to_sdr(rgb: VideoFrame, graded: VideoFrame, peak_nits: float) -> VideoFrame:
    """Planar RGB of BT.709 from planar RGB of ``graded``, the frame that names its colours.

    ``peak_nits`` is the peak luminance that its stream states; 0 for none.
    """
    mapped = _mapper(_grade(graded, peak_nits), rgb).map(rgb)
    mapped.color_trc = mapped.color_primaries = _BT709
    return mapped


def _grade(frame: VideoFrame, named_nits: float) -> Grade:
    transfer, primaries = frame.color_trc, frame.color_primaries
    if primaries == _UNKNOWN and transfer in {_PQ, _HLG}:
        primaries = _BT2020
    mastered_nits = min(max(named_nits or _USUAL_PEAK_NITS, _WHITE_NITS), _PQ_PEAK_NITS)
    peak_nits = {_PQ: mastered_nits, _HLG: _HLG_PEAK_NITS}.get(transfer, _WHITE_NITS)
    return Grade(transfer, primaries, peak_nits)


class _Mapper:
    """A filter graph for frames of one grade, size and format."""

    def __init__(self, grade: Grade, like: VideoFrame) -> None:
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=like.width, height=like.height, format=like.format, time_base=Fraction(1, 1)
        )
        with NamedTemporaryFile("w", suffix=".cube") as file:
            file.write(_cube(grade))
            file.flush()
            lut = self._graph.add("lut3d", file=file.name, interp="tetrahedral")
        sink = self._graph.add("buffersink")
        source.link_to(lut)
        lut.link_to(sink)
        self._graph.configure()

    def map(self, rgb: VideoFrame) -> VideoFrame:
        self._graph.vpush(rgb)
        return self._graph.vpull()


# A graph takes 0.2 s to make and may be used by one thread: each thread caches its last one.
_last = threading.local()


def _mapper(grade: Grade, rgb: VideoFrame) -> _Mapper:
    key = (grade, rgb.width, rgb.height, rgb.format.name)
    if getattr(_last, "key", None) != key:
        _last.mapper, _last.key = _Mapper(grade, rgb), key
    mapper: _Mapper = _last.mapper
    return mapper


@lru_cache(maxsize=4)
def _cube(grade: Grade) -> str:
    """The table in the .cube format: red grows fastest."""
    steps = np.linspace(0.0, 1.0, _GRID)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    values = sdr(np.stack([red, green, blue], -1).reshape(-1, 3), grade)
    rows = "\n".join(map("%.5f %.5f %.5f".__mod__, map(tuple, values.tolist())))
    return f"LUT_3D_SIZE {_GRID}\n{rows}\n"


def sdr(values: Values, grade: Grade) -> Values:
    """Stored RGB values, 0 to 1 and of shape (n, 3), as values for an ordinary BT.709 screen."""
    nits = _nits(values, grade.transfer)
    brightest = np.maximum(nits.max(-1, keepdims=True), 1e-6)
    nits = nits * (_compressed(brightest, grade.peak_nits) / brightest)
    nits = nits @ _TO_BT709.get(grade.primaries, np.eye(3)).T
    shown: Values = np.clip(nits / _WHITE_NITS, 0.0, 1.0) ** (1 / _DISPLAY_GAMMA)
    return shown


def _nits(values: Values, transfer: int) -> Values:
    """The luminance of a screen for these values, cd/m2."""
    if transfer == _PQ:
        return _pq_nits(values)
    if transfer == _HLG:
        scene = _hlg_scene(values)
        luma = scene @ _BT2020_LUMA
        return np.asarray(_HLG_PEAK_NITS * scene * luma[:, None] ** (_HLG_GAMMA - 1))
    return np.asarray(_WHITE_NITS * values**_DISPLAY_GAMMA)


def _compressed(nits: Values, peak_nits: float) -> Values:
    """BT.2390: luminance of a screen of this peak, mapped to one of 203 cd/m2."""
    peak = _pq(np.array(peak_nits))
    most = float(_pq(np.array(_WHITE_NITS)) / peak)
    knee = 1.5 * most - 0.5
    if knee >= 1.0:
        return nits
    value = np.minimum(_pq(nits) / peak, 1.0)
    t = np.maximum(value - knee, 0.0) / (1 - knee)
    bent = (
        (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * most
    )
    return _pq_nits(np.where(value < knee, value, bent) * peak)


# SMPTE ST 2084.
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _pq(nits: Values) -> Values:
    power = (nits / _PQ_PEAK_NITS) ** _M1
    return ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2


def _pq_nits(values: Values) -> Values:
    power = values ** (1 / _M2)
    return _PQ_PEAK_NITS * (np.maximum(power - _C1, 0.0) / (_C2 - _C3 * power)) ** (1 / _M1)


# BT.2100, table 5.
_A, _B, _C = 0.17883277, 0.28466892, 0.55991073


def _hlg_scene(values: Values) -> Values:
    """Scene light, 0 to 1."""
    return np.where(values <= 0.5, values**2 / 3, (np.exp((values - _C) / _A) + _B) / 12)
