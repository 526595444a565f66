"""Try a model with one drawn window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from analyzer.signal.window import Keyframe, Window
from base.clock import utc_text

_SIZE_PX = (640, 360)
_PICTURES = 12  # as many as a window shows by default: a server that takes fewer is found out
_EVERY_S = 0.75


@dataclass(frozen=True, slots=True)
class Probe:
    """What a model can do, as far as one window tells.

    Attributes:
        model: its name.
        context_tokens: how long prompt and answer may be together; None where the server does not say.
        schema: whether answers are held to a JSON schema, rather than only asked for in words.
        video: whether a window's pictures go as one video, rather than one by one.
        window_s: seconds that the window took.
        title: what the model called it: a ball that crosses a lawn from left to right.
        fallbacks: what the server did not understand, and what is done in its place; a few words each.
    """

    model: str
    context_tokens: int | None
    schema: bool
    video: bool
    window_s: float
    title: str
    fallbacks: tuple[str, ...] = ()


def drawn_window(folder: Path) -> Window:
    """A window whose keyframes, written into ``folder``, show a red ball crossing a lawn."""
    keyframes = tuple(
        Keyframe(pts_s=0.5 + _EVERY_S * n, value=900.0, file=_draw(folder / f"probe-{n}.jpg", n))
        for n in range(_PICTURES)
    )
    return Window(
        id="probe",
        camera="probe",
        epoch=0,
        index=0,
        start_s=0.0,
        end_s=10.0,
        start_utc=utc_text(datetime.now(UTC)),
        quiet=False,
        signal_max=900.0,
        noise_floor=20.0,
        threshold=100.0,
        keyframes=keyframes,
    )


def _draw(file: Path, n: int) -> Path:
    width, height = _SIZE_PX
    picture = np.full((height, width, 3), (60, 140, 70), np.uint8)
    picture[: height // 3] = (230, 200, 160)
    cv2.circle(picture, (60 + n * (width - 120) // (_PICTURES - 1), height * 2 // 3), 40, (40, 40, 220), -1)
    _, jpeg = cv2.imencode(".jpg", picture)
    file.write_bytes(jpeg.tobytes())
    return file
