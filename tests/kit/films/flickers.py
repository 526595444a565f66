"""Films of a fixed camera in which small things change: clocks, lamps, counters, a dripping tap."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from cv2.typing import MatLike
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Draw = Callable[[Picture, float], None]
"""Draws into a picture (uint8, grey) what is there at a time."""

SIZE = (640, 360)


def clock(
    x: int, y: int, *, period_s: float = 1.0, scale: float = 0.7, font: int = cv2.FONT_HERSHEY_SIMPLEX
) -> Draw:
    """A clock of hours, minutes and seconds that counts one up each period, from 09:59:47 on.

    ``x`` and ``y`` are its lower left corner; a dark box lies under it.
    """
    return _text(lambda at_s: _time(35987 + int(at_s / period_s + 1e-6)), x, y, scale, font)


def stopwatch(x: int, y: int, *, scale: float = 0.7, font: int = cv2.FONT_HERSHEY_SIMPLEX) -> Draw:
    """A clock with hundredths of a second."""

    def text(at_s: float) -> str:
        hundredths = int(at_s * 100 + 1e-6)
        return f"{_time(hundredths // 100)}.{hundredths % 100:02}"

    return _text(text, x, y, scale, font)


def lamp(x: int, y: int, *, on_s: float, off_s: float, radius_px: int = 9) -> Draw:
    """A lamp that blinks."""

    def draw(picture: Picture, at_s: float) -> None:
        level = 250 if (at_s + 1e-6) % (on_s + off_s) < on_s else 40
        cv2.circle(picture, (x, y), radius_px, (level,), -1)

    return draw


def drops(x: int, y: int, times_s: Sequence[float]) -> Draw:
    """A tap: for 0.4 s from each of the times on, a bright drop is there."""

    def draw(picture: Picture, at_s: float) -> None:
        if any(0 <= at_s - from_s + 1e-6 < 0.4 for from_s in times_s):
            cv2.circle(picture, (x, y), 9, (240,), -1)

    return draw


def box(from_s: float, to_s: float, *, y: int = 180, size: tuple[int, int] = (50, 90)) -> Draw:
    """A dark box that crosses the picture from left to right."""

    def draw(picture: Picture, at_s: float) -> None:
        if from_s <= at_s < to_s:
            left = round((at_s - from_s) / (to_s - from_s) * (picture.shape[1] - size[0]))
            picture[y : y + size[1], left : left + size[0]] = 25

    return draw


def film(
    path: Path,
    drawn: Sequence[Draw],
    *,
    seconds: float = 40,
    fps: int = 10,
    noise: float = 0.0,
    options: Mapping[str, str] | None = None,
) -> Path:
    """Write an H.264 film of a street on which these are drawn, with sensor noise of so many levels (sd)."""
    rng = np.random.default_rng(3)
    street = cv2.resize(rng.integers(70, 150, (18, 32), dtype=np.uint8), SIZE, interpolation=cv2.INTER_CUBIC)
    grain = [rng.standard_normal(street.shape, np.float32) * noise for _ in range(17)] if noise else []
    with av.open(path, "w") as out:
        chosen = {"preset": "ultrafast", "tune": "zerolatency", "g": "50", "crf": "20"}
        video = out.add_stream("libx264", rate=fps, options={**chosen, **(options or {})})
        assert isinstance(video, VideoStream)  # by its codec
        video.width, video.height = SIZE
        video.pix_fmt = "yuv420p"
        video.codec_context.time_base = Fraction(1, fps)
        for nth in range(round(seconds * fps)):
            picture: Picture = street.astype(np.uint8)
            for draw in drawn:
                draw(picture, nth / fps)
            if grain:
                picture = np.clip(picture + grain[nth % len(grain)], 0, 255).astype(np.uint8)
            frame = VideoFrame.from_ndarray(picture, "gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = nth, video.codec_context.time_base
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path


def _time(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _text(text: Callable[[float], str], x: int, y: int, scale: float, font: int) -> Draw:
    def draw(picture: MatLike, at_s: float) -> None:
        shown = text(at_s)
        (width, height), below = cv2.getTextSize(shown, font, scale, max(1, round(2 * scale)))
        cv2.rectangle(picture, (x - 4, y - height - 4), (x + width + 4, y + below + 4), (20,), -1)
        cv2.putText(picture, shown, (x, y), font, scale, (235,), max(1, round(2 * scale)), cv2.LINE_AA)

    return draw
