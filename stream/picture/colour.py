"""Colour matrix and range of stored frames, converted for display."""

from __future__ import annotations

import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from stream.picture.display import Size
from stream.picture.tone import is_wide, to_sdr

# From this height on, video that does not name its colours follows BT.709, below it BT.601.
_HD_HEIGHT_PX = 720
# AVCOL_SPC_, libavutil/pixfmt.h. BT.601 has two numbers; both kinds of BT.2020 are read as one.
_MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
_RGB = 0
# AVCOL_SPC_, AVCOL_PRI_ and AVCOL_TRC_ have the same numbers for BT709 and SMPTE170M.
_NAMED = {Colorspace.ITU709: 1, Colorspace.ITU601: 6}
_LIMITED = 1  # AVCOL_RANGE_MPEG
BLACK_YUV = (16, 128, 128)


def matrix(frame: VideoFrame) -> Colorspace:
    """The matrix that a frame names, or that players assume where it names no known one."""
    named = _MATRICES.get(frame.colorspace)
    if named is not None:
        return named
    return Colorspace.BT2020 if is_wide(frame) else assumed_matrix(frame.height)


def assumed_matrix(height: int) -> Colorspace:
    """What players assume for video that does not name its matrix."""
    return Colorspace.ITU709 if height >= _HD_HEIGHT_PX else Colorspace.ITU601


def sdr_matrix(frame: VideoFrame) -> Colorspace:
    """BT.601 or BT.709: the matrix with which a frame is best re-encoded."""
    return Colorspace.ITU601 if matrix(frame) == Colorspace.ITU601 else Colorspace.ITU709


def name_colours(context: VideoCodecContext, colours: Colorspace) -> None:
    """State in a track that is not written yet that its colours are of BT.709 or BT.601, of limited range."""
    context.colorspace = context.color_primaries = context.color_trc = _NAMED[colours]
    context.color_range = _LIMITED


def rgb(frame: VideoFrame, size: Size, pixel_format: str, peak_nits: float = 0.0) -> NDArray[np.uint8]:
    """A frame in stored orientation as ``rgb24`` or ``bgr24`` of BT.709, of shape (height, width, 3)."""
    pixels = _reformatted(_sdr(frame, size, peak_nits), size, pixel_format).to_ndarray()
    return pixels.astype(np.uint8, copy=False)


def yuv(frame: VideoFrame, size: Size, colours: Colorspace, peak_nits: float = 0.0) -> VideoFrame:
    """A frame in stored orientation as yuv420p of limited range, with BT.709 or BT.601 coefficients."""
    return _reformatted(_sdr(frame, size, peak_nits), size, "yuv420p", colours)


def _sdr(frame: VideoFrame, size: Size, peak_nits: float) -> VideoFrame:
    """Return the frame; of a wide range or gamut as RGB of BT.709, scaled first, which is less work."""
    if not is_wide(frame):
        return frame
    return to_sdr(_reformatted(frame, size, "gbrp16le"), frame, peak_nits)


def _reformatted(
    frame: VideoFrame, size: Size, pixel_format: str, colours: Colorspace | None = None
) -> VideoFrame:
    shrinks = size.width * size.height < frame.width * frame.height
    return frame.reformat(
        width=size.width,
        height=size.height,
        format=pixel_format,
        src_colorspace=_RGB if frame.format.is_rgb else matrix(frame),
        dst_colorspace=colours,
        src_color_range=_range(frame),
        dst_color_range=ColorRange.MPEG if colours else None,
        interpolation="AREA" if shrinks else "BICUBIC",
    )


def _range(frame: VideoFrame) -> ColorRange | None:
    """Limited range, where the frame does not name its own."""
    full = frame.format.name.startswith("yuvj") or frame.format.is_rgb
    return None if full or frame.color_range else ColorRange.MPEG
