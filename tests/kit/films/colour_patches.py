"""Films of coloured patches, stored with known matrices, ranges and transfers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.kit.films.numbered import ffmpeg

Rgb = NDArray[np.uint8]

PATCHES: Rgb = np.array(
    [
        [(16, 16, 16), (64, 64, 64), (128, 128, 128), (235, 235, 235)],
        [(190, 40, 40), (40, 190, 40), (40, 40, 190), (190, 190, 40)],
    ],
    np.uint8,
)
"""The colours, of shape (rows, columns, 3)."""


def patches(width: int, height: int, colours: NDArray[np.generic] = PATCHES) -> Rgb:
    """A picture of the colours, each in a patch of its own."""
    rows, columns = colours.shape[:2]
    wide = colours.repeat(height // rows, axis=0).repeat(width // columns, axis=1)
    return np.ascontiguousarray(wide).astype(np.uint8, copy=False)


def patches_of(picture: NDArray[np.generic]) -> NDArray[np.float64]:
    """The mean colour in the middle of each patch."""
    rows, columns = PATCHES.shape[:2]
    high, wide = picture.shape[0] // rows, picture.shape[1] // columns
    found = np.empty(PATCHES.shape)
    for row in range(rows):
        for column in range(columns):
            top, left = row * high + high // 4, column * wide + wide // 4
            found[row, column] = picture[top : top + high // 2, left : left + wide // 2].mean((0, 1))
    return found


def patch_film(path: Path, space: str, levels: str, *, named: str | None, height: int = 360) -> Path:
    """Write ten frames of the patches in H.264, converted by zimg.

    Args:
        space: FFmpeg's name of the matrix.
        levels: ``tv`` or ``pc``, limited or full range.
        named: what the file says its matrix is; None for nothing.
    """
    width = height * 16 // 9 // 8 * 8
    raw = path.with_suffix(".rgb")
    raw.write_bytes(patches(width, height).tobytes() * 10)
    # The tags of frames would follow them into the file: setparams sets or removes them.
    tags = (
        f"setparams=colorspace={named or 'unknown'}:range={levels if named else 'unknown'}"
        ":color_primaries=unknown:color_trc=unknown"
    )
    stored = f"format=gbrp,zscale=min=gbr:rin=pc:m={space}:r={levels},format=yuv420p"
    said = ffmpeg(
        "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "10",
        "-i", str(raw), "-vf", f"{stored},{tags}",
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "8", str(path),
    )  # fmt: skip
    assert not said, said
    raw.unlink()
    return path
