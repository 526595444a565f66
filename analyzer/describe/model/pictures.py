"""A window's keyframes as pictures of one size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from analyzer.describe.describer import DescribeError
from analyzer.signal.window import JPEG_QUALITY, Window

Pictures = NDArray[np.uint8]
"""Of shape (pictures, height, width, 3), RGB."""

Fit = Callable[[int, int], tuple[int, int]]
"""Maps height and width of a picture to those of the picture for the model."""


def keyframe_files(window: Window) -> list[Path]:
    """Return the keyframes' files, in order; raises DescribeError when there are none or one is missing."""
    if not window.keyframes:
        raise DescribeError(f"window {window.id} has no keyframes")
    files = []
    for keyframe in window.keyframes:
        if keyframe.file is None:
            raise DescribeError("a keyframe has no picture: no pictures were stored")
        if not keyframe.file.is_file():
            raise DescribeError(f"{keyframe.file}: No such file or directory")
        files.append(keyframe.file)
    return files


def strongest(window: Window, count: int) -> Window:
    """Return the window with at most ``count`` keyframes: those of the highest signal, in time order."""
    kept = sorted(window.keyframes, key=lambda keyframe: -keyframe.value)[:count]
    return replace(window, keyframes=tuple(sorted(kept, key=lambda keyframe: keyframe.pts_s)))


def read_jpegs(window: Window) -> list[bytes]:
    """Read the keyframes' files, in order; raises DescribeError when there are none or one is missing."""
    return [read_jpeg(file) for file in keyframe_files(window)]


def read_jpeg(file: Path) -> bytes:
    """Read a keyframe's file; raises DescribeError."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise DescribeError(f"{file}: {error.strerror}") from error


def decode(jpegs: Sequence[bytes], fit: Fit) -> Pictures:
    """Decode all pictures in the size that ``fit`` returns for the first; raises DescribeError."""
    first = _decode(jpegs[0])
    height, width = fit(*first.shape[:2])
    pictures = np.empty((len(jpegs), height, width, 3), np.uint8)
    for index, jpeg in enumerate(jpegs):
        picture = first if index == 0 else _decode(jpeg)
        cv2.cvtColor(resized(picture, height, width), cv2.COLOR_BGR2RGB, dst=pictures[index])
    return pictures


def _decode(jpeg: bytes) -> Pictures:
    try:
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
    except cv2.error as error:
        raise DescribeError("a keyframe is not a JPEG") from error
    if picture is None:
        raise DescribeError("a keyframe is not a JPEG")
    return picture.astype(np.uint8, copy=False)


def resized(picture: Pictures, height: int, width: int) -> Pictures:
    """Return the picture in another size; averaged where it is reduced, to avoid aliasing."""
    if picture.shape[:2] == (height, width):
        return picture
    shrinks = height * width < picture.shape[0] * picture.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return cv2.resize(picture, (width, height), interpolation=how).astype(np.uint8, copy=False)


def alike(jpegs: Sequence[bytes], max_side_px: int) -> list[bytes]:
    """Return the JPEGs in one size of at most ``max_side_px``; unchanged if they have it already.

    Raises DescribeError for a damaged picture.
    """
    pictures = [_decode(jpeg) for jpeg in jpegs]
    height, width = pictures[0].shape[:2]
    scale = min(1.0, max_side_px / max(height, width))
    if scale == 1.0 and all(picture.shape == pictures[0].shape for picture in pictures):
        return list(jpegs)
    height, width = max(1, round(height * scale)), max(1, round(width * scale))
    return [_encode(resized(picture, height, width)) for picture in pictures]


def _encode(picture: Pictures) -> bytes:
    _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return jpeg.tobytes()
