"""Test a model with one drawn window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from analyzer.signal.window import Keyframe, Window
from base.clock import utc_text

_SIZE_PX = (640, 360)
_PICTURES = 12  # the default of a window, so that a server's lower limit is found
_EVERY_S = 0.75


@dataclass(frozen=True, slots=True)
class Probe:
    """What a model supports, as found by describing one window.

    Attributes:
        model: its name.
        context_tokens: maximum length of prompt and answer together; None if unknown.
        schema: whether the server enforces a JSON schema; otherwise it is part of the prompt.
        video: whether the pictures of a window are sent as one video rather than one by one.
        window_s: seconds that the description took.
        title: the title that the model gave: it should name a ball that crosses a lawn.
        fallbacks: what the server does not support, and what is done instead; a few words each.
    """

    model: str
    context_tokens: int | None
    schema: bool
    video: bool
    window_s: float
    title: str
    fallbacks: tuple[str, ...] = ()


def drawn_window(folder: Path) -> Window:
    """Return a window whose keyframes, written to ``folder``, show a red ball crossing a lawn."""
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
