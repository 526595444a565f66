"""Cut pictures into the patches that a Qwen-VL model reads, with the values of its own processor.

The processor would do this in one thread (since vLLM 0.26) or under Python's global lock. Here most of the
time is spent in copies that run in parallel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from analyzer.describe.model.pictures import Pictures


@dataclass(frozen=True, slots=True)
class Layout:
    """How a model divides a video into patches.

    Attributes:
        patch_px: side of a patch.
        merge: patches on each side of one token.
        temporal: consecutive pictures in one patch.
    """

    patch_px: int
    merge: int
    temporal: int

    @property
    def factor_px(self) -> int:
        """Both sides of a picture must be multiples of this."""
        return self.patch_px * self.merge

    def grid(self, pictures: Pictures) -> tuple[int, int, int]:
        """Return the patches in time, height and width; raises ValueError for pictures of another size."""
        count, height, width, _ = pictures.shape
        if count % self.temporal or height % self.factor_px or width % self.factor_px:
            raise ValueError(f"{count} pictures of {width}x{height} do not divide into patches")
        return count // self.temporal, height // self.patch_px, width // self.patch_px

    def whole(self, pictures: Pictures) -> Pictures:
        """Return the pictures, the last one repeated to a multiple of ``temporal``."""
        missing = -len(pictures) % self.temporal
        if not missing:
            return pictures
        return np.concatenate([pictures, np.repeat(pictures[-1:], missing, axis=0)])

    def cut(self, pictures: NDArray[Any]) -> NDArray[Any]:
        """Return the patches in the model's order: (patches, colours x temporal x side x side)."""
        t, h, w = self.grid(pictures)
        m, p = self.merge, self.patch_px
        split = pictures.reshape(t, self.temporal, h // m, m, p, w // m, m, p, 3)
        ordered = split.transpose(0, 2, 5, 3, 6, 8, 1, 4, 7)
        return np.ascontiguousarray(ordered).reshape(t * h * w, -1)


@dataclass(frozen=True, slots=True)
class Values:
    """The model's value for each pixel value: a table of 256 entries for each colour.

    Types that numpy lacks (bfloat16) are stored as integers of the same width.
    """

    table: NDArray[Any]

    @classmethod
    def learn(cls, layout: Layout, pictures: Pictures, patches: NDArray[Any]) -> Values | None:
        """Return the table that maps these pictures to these patches; None if there is none.

        The pictures should contain every value of every colour, as noise does.
        """
        mine = layout.cut(pictures)
        if mine.shape != patches.shape:
            return None
        table = np.zeros((256, 3), patches.dtype)
        wide = mine.shape[1] // 3
        for colour in range(3):
            columns = slice(colour * wide, (colour + 1) * wide)
            table[mine[:, columns], colour] = patches[:, columns]
        values = cls(table)
        return values if np.array_equal(layout.cut(values.of(pictures)), patches) else None

    def of(self, pictures: Pictures) -> NDArray[Any]:
        """Return the values of pictures, in the same shape."""
        if self.table.dtype == np.uint8 and np.array_equal(self.table, np.arange(256)[:, None].repeat(3, 1)):
            return pictures
        rows = pictures.reshape(-1, pictures.shape[2], 3)
        return cv2.LUT(rows, self.table[None]).reshape(pictures.shape)
