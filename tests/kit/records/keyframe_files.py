"""Windows whose keyframes are real JPEG files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from analyzer.describe.model.pictures import Pictures
from analyzer.signal.window import Keyframe, Window
from tests.kit.records.windows import measured

TIMES_S = (0.4, 2.0, 3.1, 5.5)


def drawn(number: int, width: int = 160, height: int = 120) -> Pictures:
    """A picture (BGR) with a bright block, whose place encodes its number."""
    picture = np.full((height, width, 3), (90, 60, 30), np.uint8)
    left = 10 + 20 * number % (width - 40)
    picture[height // 3 : height // 3 + 30, left : left + 30] = (40, 200, 240)
    return picture


def jpeg(picture: Pictures) -> bytes:
    _, encoded = cv2.imencode(".jpg", picture)
    return encoded.tobytes()


def pictured(
    folder: Path, index: int = 0, *, times_s: Sequence[float] = TIMES_S, camera: str = "front"
) -> Window:
    """The window ``index`` of a camera, with a keyframe at each time from its start."""
    window = measured(index, [(at_s, 900.0) for at_s in times_s], camera=camera)
    keyframes = []
    for n, at_s in enumerate(times_s):
        file = folder / f"{window.id}-{n}.jpg"
        file.write_bytes(jpeg(drawn(n + index)))
        keyframes.append(Keyframe(window.start_s + at_s, 900.0, file))
    return replace(window, keyframes=tuple(keyframes))


def snapshot(ending: str = ".jpg", at: float = 0.0, size: tuple[int, int] = (320, 240)) -> bytes:
    """A picture file of a textured wall before which a block stands, from left (0) to right (1)."""
    width, height = size
    patches = np.random.default_rng(7).integers(60, 190, (height // 8, width // 8, 3), dtype=np.uint8)
    picture = patches.repeat(8, axis=0).repeat(8, axis=1)
    wide = width // 6
    left = round(at * (width - wide))
    picture[height // 3 : 2 * height // 3, left : left + wide] = (40, 40, 235)
    written, data = cv2.imencode(ending, picture)
    assert written
    return data.tobytes()
