"""Pictures cut into the patches that a Qwen-VL model reads, with values as its own processor makes them.

The processor itself would do this for every window anew, in one thread (vLLM 0.26 on) or under Python's
global lock. Here most of the time is spent in copies that run beside each other.
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
    """How a model sees a video.

    Attributes:
        patch_px: side of a patch.
        merge: patches on a side of what becomes one token.
        temporal: pictures that a patch reaches through.
    """

    patch_px: int
    merge: int
    temporal: int

    @property
    def factor_px(self) -> int:
        """What both sides of a picture are multiples of."""
        return self.patch_px * self.merge

    def grid(self, pictures: Pictures) -> tuple[int, int, int]:
        """Patches in time, in height and in width; ValueError unless the pictures divide into them."""
        count, height, width, _ = pictures.shape
        if count % self.temporal or height % self.factor_px or width % self.factor_px:
            raise ValueError(f"{count} pictures of {width}x{height} do not divide into patches")
        return count // self.temporal, height // self.patch_px, width // self.patch_px

    def whole(self, pictures: Pictures) -> Pictures:
        """The pictures, the last one again where the model wants an even number of them."""
        missing = -len(pictures) % self.temporal
        if not missing:
            return pictures
        return np.concatenate([pictures, np.repeat(pictures[-1:], missing, axis=0)])

    def cut(self, pictures: NDArray[Any]) -> NDArray[Any]:
        """The patches, one in a row: (patches, colours x temporal x side x side), in the model's order."""
        t, h, w = self.grid(pictures)
        m, p = self.merge, self.patch_px
        split = pictures.reshape(t, self.temporal, h // m, m, p, w // m, m, p, 3)
        ordered = split.transpose(0, 2, 5, 3, 6, 8, 1, 4, 7)
        return np.ascontiguousarray(ordered).reshape(t * h * w, -1)


@dataclass(frozen=True, slots=True)
class Values:
    """What becomes of a pixel's value: a table of 256 entries for each colour, of the model's type.

    Types that numpy does not know (bfloat16) are held as whole numbers of the same width.
    """

    table: NDArray[Any]

    @classmethod
    def learn(cls, layout: Layout, pictures: Pictures, patches: NDArray[Any]) -> Values | None:
        """The table by which these patches were made of these pictures; None if no table can tell.

        The pictures should hold every value of every colour: noise does.
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
        """The pictures' values, in the same shape."""
        if self.table.dtype == np.uint8 and np.array_equal(self.table, np.arange(256)[:, None].repeat(3, 1)):
            return pictures
        rows = pictures.reshape(-1, pictures.shape[2], 3)
        return cv2.LUT(rows, self.table[None]).reshape(pictures.shape)
