"""Static parts of a scene, painted once at higher resolution."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from synthetic.paint.light import Colour, tinted
from synthetic.paint.patch import Image, blurred
from synthetic.paint.setting import Setting
from synthetic.paint.texture import Grain
from synthetic.view import Floats

Shader = Callable[[Floats, Floats], Floats]
"""Two world coordinates of each pixel to its colour in white light, (..., 3) from 0 to 255."""

_SHIFT = 4
_BAND = 64  # rows shaded at once: a whole canvas of floats would be large
_LARGEST_DETAILED = 1280  # pixels of width; beyond that the canvas would need hundreds of megabytes


class Backdrop:
    """A canvas for the still picture, under one light. Later paint covers earlier paint."""

    def __init__(self, setting: Setting, seed: int) -> None:
        view = setting.view
        self._detail = 2 if max(view.width, view.height) <= _LARGEST_DETAILED else 1
        self.view = view.scaled(self._detail)
        self.light = setting.light
        self.grain = Grain(seed)
        self.pixels: Image = np.zeros((self.view.height, self.view.width, 3), np.uint8)
        self._shine: Image = np.zeros_like(self.pixels)

    def sky(self, top: Colour, low: Colour, cloud: Colour, cover: float) -> None:
        """Fill all above the horizon from `top` down to `low`, with clouds over a share `cover` of it."""
        rows = max(int(self.view.horizon_px) + 1, 1)
        down = np.linspace(0, 1, rows)[:, None, None]
        plain = np.array(top) * (1 - down) + np.array(low) * down
        # Clouds are at one height, so they are closer together towards the horizon.
        near = 1 / (1.15 - down[:, :, 0])
        across = (np.arange(self.view.width)[None, :] / self.view.width - 0.5) * 6 * near
        puffs = self.grain.at(across, near * 5, 1.0, 5)
        share = np.clip((puffs + cover - 0.5) * 3, 0, 1)[:, :, None] * (0.35 + 0.65 * (1 - down))
        self.pixels[:rows] = plain * (1 - share) + np.array(cloud) * share

    def hills(self, height: float, colour: Colour, bumps: float, which: float) -> None:
        """Paint a skyline: `height` above the horizon as a share of the picture, with so many bumps."""
        horizon, across = self.view.horizon_px, np.arange(-10, self.view.width + 20, 4.0)
        waves = self.grain.at(across[None, :] / self.view.width * bumps, np.full((1, 1), which), 1.0, 5)[0]
        tops = horizon - self.view.height * height * (1.0 + 0.55 * waves)
        feet = np.array([[across[-1], horizon + 12], [across[0], horizon + 12]])
        outline = np.concatenate([np.stack([across, tops], axis=1), feet]).astype(np.int32)
        lit = tinted(colour, self.light.falling((0.0, -0.5, 0.4)))
        cv2.fillPoly(self.pixels, [outline], lit, cv2.LINE_AA)

    def ground(self, shader: Shader) -> None:
        """Fill all below the horizon with the ground."""
        top = max(int(self.view.horizon_px) + 2, 0)
        for first in range(top, self.view.height, _BAND):
            rows = np.arange(first, min(first + _BAND, self.view.height), dtype=np.float64)
            x, y = self.view.ground(rows)
            colour = shader(x, y) * self._falling((0.0, 0.0, 1.0), self.light.glow(x, y, np.zeros(1)))
            self.pixels[first : first + len(rows)] = np.clip(colour, 0, 255)

    def wall(self, points: ArrayLike, y: float, shader: Shader) -> None:
        """Fill a polygon that stands in the plane at `y`, facing the camera."""
        mask, (rows, columns) = self._mask(points)
        if mask is None:
            return
        x, z = self.view.wall(y, np.arange(rows.start, rows.stop, dtype=np.float64))
        x, z = np.broadcast_arrays(x[:, columns], z[:, columns])
        colour = shader(x, z) * self._falling((0.0, -1.0, 0.0), self.light.glow(x, np.full(1, y), z))
        under = self.pixels[rows, columns]
        share = mask[:, :, None] / np.float32(255)
        under[:] = under * (1 - share) + np.clip(colour, 0, 255) * share

    def polygon(
        self, points: ArrayLike, colour: Colour, normal: tuple[float, float, float] = (0.0, -1.0, 0.0)
    ) -> None:
        """Fill a flat polygon in one colour."""
        corners = np.asarray(points, dtype=np.float64)
        x, y, z = corners.mean(axis=0)
        lit = tinted(colour, self.light.falling(normal, self.light.glow_at(x, y, z)))
        cv2.fillPoly(self.pixels, [self._fixed(corners)], lit, cv2.LINE_AA, _SHIFT)

    def line(self, points: ArrayLike, width_m: float, colour: Colour) -> None:
        """Paint a stroke through points, as thick as it appears at their mean distance."""
        corners = np.asarray(points, dtype=np.float64)
        x, y, z = corners.mean(axis=0)
        lit = tinted(colour, self.light.falling((0.0, -1.0, 0.0), self.light.glow_at(x, y, z)))
        thickness = max(1, round(width_m * self.view.scale(x, y)))
        cv2.polylines(self.pixels, [self._fixed(corners)], False, lit, thickness, cv2.LINE_AA, _SHIFT)

    def lit(self, points: ArrayLike, colour: Colour) -> None:
        """Fill a polygon that shines by itself, with a glow around it."""
        corners = [self._fixed(np.asarray(points, dtype=np.float64))]
        cv2.fillPoly(self.pixels, corners, colour, cv2.LINE_AA, _SHIFT)
        cv2.fillPoly(self._shine, corners, colour, cv2.LINE_AA, _SHIFT)

    def darken(self, points: ArrayLike, share: float, blur_m: float) -> None:
        """Darken a polygon on the ground, with soft edges: a shadow."""
        corners = np.asarray(points, dtype=np.float64)
        mask = np.zeros(self.pixels.shape[:2], np.uint8)
        cv2.fillPoly(mask, [self._fixed(corners)], 255, cv2.LINE_AA, _SHIFT)
        x, y, _ = corners.mean(axis=0)
        soft = cv2.convertScaleAbs(blurred(mask, blur_m * self.view.scale(x, y)), alpha=share)
        cv2.multiply(self.pixels, cv2.merge([cv2.bitwise_not(soft)] * 3), dst=self.pixels, scale=1 / 255)

    def finished(self) -> Image:
        """Return the picture in its final size, with the glow of all lights."""
        glow = np.zeros_like(self.pixels)
        for sigma, share in ((0.01, 0.3), (0.04, 0.28)):
            soft = blurred(self._shine, sigma * self.view.width)
            cv2.addWeighted(soft, share, glow, 1.0, 0, dst=glow)
        picture = cv2.add(self.pixels, glow)
        if self._detail > 1:
            size = (self.view.width // self._detail, self.view.height // self._detail)
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        return np.asarray(picture, dtype=np.uint8)

    def _falling(self, normal: tuple[float, float, float], glow: Floats) -> NDArray[np.float64]:
        still = np.array(self.light.falling(normal))
        lamps = np.array(self.light.falling(normal, 1.0)) - still
        return np.asarray(still + glow[..., None] * lamps)

    def _mask(self, points: ArrayLike) -> tuple[Image | None, tuple[slice, slice]]:
        corners = self.view.project(points)
        x0, y0 = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
        x1, y1 = np.ceil(corners.max(axis=0)).astype(int) + 1
        rows = slice(int(y0), min(int(y1), self.view.height))
        columns = slice(int(x0), min(int(x1), self.view.width))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return None, (rows, columns)
        mask = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
        fixed = np.rint((corners - (columns.start, rows.start) - 0.5) * (1 << _SHIFT)).astype(np.int32)
        cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, _SHIFT)
        return mask, (rows, columns)

    def _fixed(self, points: Floats) -> NDArray[np.int32]:
        return np.rint((self.view.project(points) - 0.5) * (1 << _SHIFT)).astype(np.int32)


def quad(x0: float, x1: float, z0: float, z1: float, y: float) -> Floats:
    """An upright rectangle facing the camera."""
    return np.array([[x0, y, z0], [x1, y, z0], [x1, y, z1], [x0, y, z1]])


def stripes(position: NDArray[np.float64], edges: Sequence[tuple[float, float]]) -> NDArray[np.bool_]:
    """Return where a coordinate is within any of these ranges."""
    inside = np.zeros(position.shape, np.bool_)
    for low, high in edges:
        inside |= (position >= low) & (position < high)
    return inside
