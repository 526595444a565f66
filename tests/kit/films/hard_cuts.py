"""Films of hard cuts: textured scenes one after the other, each still or with a block that moves in it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import accumulate, chain, cycle, takewhile
from pathlib import Path

import av
import cv2
import numpy as np
from av.codec.context import Flags
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

# As cameras code: no picture may be left out, as others build on each.
CAMERA = {"preset": "ultrafast", "tune": "zerolatency", "g": "50"}


def slides(
    path: Path,
    cuts_s: Sequence[float],
    *,
    fps: int,
    seconds: float,
    size: tuple[int, int] = (320, 240),
    moving: bool = False,
    scenes: Sequence[int] | None = None,
    contrast: float = 1.0,
    shown: Sequence[int] = (1,),
    interlaced: bool = False,
    options: Mapping[str, str] | None = None,
) -> Path:
    """Write a film with a cut at each of these times.

    Args:
        path: its suffix selects the container.
        cuts_s: in order; the frame shown at such a time is the first of another scene.
        fps: frames a second.
        seconds: how long.
        size: width and height in pixels.
        moving: whether a block crosses all of it, over the cuts.
        scenes: which scene is shown before the first cut, after it, and so on; all different by default.
        contrast: of the scenes; the block that moves is always as dark.
        shown: for how many ticks of the rate each frame is shown, over and over; the times of all are known.
        interlaced: whether pictures are coded as two fields.
        options: of the H.264 encoder; by default as cameras code.
    """
    with av.open(path, "w") as out:
        video = out.add_stream("libx264", rate=fps, options=dict(CAMERA if options is None else options))
        assert isinstance(video, VideoStream)  # by its codec
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        video.codec_context.time_base = Fraction(1, fps)
        if interlaced:
            video.codec_context.flags |= Flags.interlaced_dct | Flags.interlaced_me
        order = scenes or range(len(cuts_s) + 1)
        drawn = {number: scene(number, size, contrast) for number in set(order)}
        ticks = accumulate(chain([0], cycle(shown)))
        for nth in takewhile(lambda tick: tick < round(seconds * fps), ticks):
            picture = drawn[order[bisect_right(cuts_s, nth / fps + 1e-6)]].copy()
            if moving:
                left = round(nth / fps * size[0] / 2) % (size[0] - 60)
                picture[60:180, left : left + 60] = 20 + nth % 3
            frame = VideoFrame.from_ndarray(picture, "gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = nth, video.codec_context.time_base
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path


def scene(number: int, size: tuple[int, int], contrast: float = 1.0) -> NDArray[np.uint8]:
    """A texture, uint8 (height, width), that depends on the number alone."""
    cells = np.random.default_rng(number).integers(40, 220, (16, 22), dtype=np.uint8)
    cells = (130 + contrast * (cells.astype(np.float32) - 130)).astype(np.uint8)
    return np.asarray(cv2.resize(cells, size, interpolation=cv2.INTER_CUBIC), np.uint8)
