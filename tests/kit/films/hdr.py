"""Films of high dynamic range, drawn from light in cd/m2."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

Values = NDArray[np.float64]

PQ, HLG = "smpte2084", "arib-std-b67"
_TRANSFERS = {PQ: 16, HLG: 18, "bt2020-10": 14}
_BT709_TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
_LUMA = np.array([0.2627, 0.6780, 0.0593])
_WHITE_NITS, _HLG_PEAK_NITS = 203.0, 1000.0


def pq_value(nits: Values) -> Values:
    """SMPTE ST 2084."""
    power = (nits / 10_000) ** 0.1593017578125
    return np.asarray(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def hlg_value(scene: Values) -> Values:
    """BT.2100's OETF of scene light from 0 to 1."""
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


def _hlg_of_nits(nits: Values) -> Values:
    display = nits / _HLG_PEAK_NITS
    luma = display @ _LUMA
    return hlg_value(display * luma[..., None] ** (1 / 1.2 - 1))


def _values(nits: Values, transfer: str) -> Values:
    if transfer == PQ:
        return pq_value(nits)
    return _hlg_of_nits(nits) if transfer == HLG else np.asarray((nits / _WHITE_NITS) ** (1 / 2.4))


def hdr_film(
    path: Path, scene_nits: Values, transfer: str, *, max_cll: int = 0, mastered_nits: int = 0
) -> Path:
    """Write ten frames of HEVC in 10 bits and BT.2020: patches of this light.

    Args:
        scene_nits: linear light of BT.709, cd/m2, of shape (rows, columns, 3).
        transfer: FFmpeg's name of the curve.
        max_cll: the brightest pixel that the stream names; 0 for nothing.
        mastered_nits: the peak of the mastering display that it names; 0 for nothing.
    """
    values = _values(scene_nits @ _BT709_TO_BT2020.T, transfer)
    luma = values @ _LUMA
    blue, red = (values[..., 2] - luma) / 1.8814, (values[..., 0] - luma) / 1.4746
    size = 64
    planes = [
        np.round(zero + scale * plane).astype(np.uint16).repeat(side, axis=0).repeat(side, axis=1)
        for plane, zero, scale, side in (
            (luma, 64, 876, size), (blue, 512, 896, size // 2), (red, 512, 896, size // 2),
        )
    ]  # fmt: skip
    height, width = planes[0].shape
    code = _TRANSFERS[transfer]
    params = (
        f"log-level=none:lossless=1:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc:range=limited"
    )
    if max_cll:
        params += f":max-cll={max_cll},{max_cll // 2}"
    if mastered_nits:
        params += (
            ":master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)"
            f"L({mastered_nits * 10_000},50)"
        )
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx265", rate=10, options={"preset": "ultrafast", "x265-params": params})
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p10le"
        context = video.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = 9, 9, code, 1
        stacked = np.concatenate([plane.ravel() for plane in planes]).reshape(-1, width)
        for nth in range(10):
            frame = VideoFrame.from_ndarray(stacked, "yuv420p10le")
            frame.time_base, frame.pts = Fraction(1, 10), nth
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path
