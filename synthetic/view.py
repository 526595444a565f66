"""The view: projection of the world onto the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """A level camera with a shifted lens: verticals stay vertical.

    The world is in metres, x to the right, y away from the camera, z up; the camera stands above 0, 0.

    Attributes:
        width, height: of the picture in pixels.
        focal_px: pixels for one metre at a depth of one metre.
        horizon_px: the row of the horizon.
        yaw_rad: how far the camera is turned to the right, away from y.
        eye_m: the camera's height above the ground.
    """

    width: int
    height: int
    focal_px: float
    horizon_px: float
    yaw_rad: float
    eye_m: float

    def scaled(self, factor: int) -> View:
        """The same view in a picture with `factor` times as many pixels a side."""
        return replace(
            self,
            width=self.width * factor,
            height=self.height * factor,
            focal_px=self.focal_px * factor,
            horizon_px=self.horizon_px * factor,
        )

    def depth(self, x: float, y: float) -> float:
        """Metres in front of the camera, along its axis."""
        return x * math.sin(self.yaw_rad) + y * math.cos(self.yaw_rad)

    def scale(self, x: float, y: float) -> float:
        """Pixels a metre across the line of sight, at that place."""
        return self.focal_px / self.depth(x, y)

    def project(self, points: ArrayLike) -> Floats:
        """Points (n, 3) in metres, in front of the camera, as (n, 2) in pixels."""
        x, y, z = np.asarray(points, dtype=np.float64).T
        sin, cos = math.sin(self.yaw_rad), math.cos(self.yaw_rad)
        scale = self.focal_px / np.maximum(x * sin + y * cos, 0.1)
        pixels = np.empty((len(x), 2))
        pixels[:, 0] = self.width / 2 + (x * cos - y * sin) * scale
        pixels[:, 1] = self.horizon_px + (self.eye_m - z) * scale
        return pixels

    def ground(self, rows: Floats) -> tuple[Floats, Floats]:
        """World x and y of the ground under every pixel of these rows (all below the horizon)."""
        depth = self.eye_m * self.focal_px / (rows[:, None] + 0.5 - self.horizon_px)
        aside = (np.arange(self.width)[None, :] + 0.5 - self.width / 2) / self.focal_px * depth
        sin, cos = math.sin(self.yaw_rad), math.cos(self.yaw_rad)
        return depth * sin + aside * cos, depth * cos - aside * sin

    def wall(self, y: float, rows: Floats) -> tuple[Floats, Floats]:
        """World x (1, width) and z (rows, width) where the pixels of these rows meet the plane at `y`."""
        aside = (np.arange(self.width)[None, :] + 0.5 - self.width / 2) / self.focal_px
        sin, cos = math.sin(self.yaw_rad), math.cos(self.yaw_rad)
        depth = y / (cos - aside * sin)
        height = self.eye_m - (rows[:, None] + 0.5 - self.horizon_px) / self.focal_px * depth
        return depth * (sin + aside * cos), height
