"""Films of a fixed camera in which small things change: clocks, lamps, counters, a dripping tap, traffic."""

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

Tint = Callable[[Picture, Picture, float], None]
"""Draws into both colour differences (uint8, half as wide and high) what is there at a time."""

SIZE = (640, 360)
GREY, GREEN, RED, BLUE = (128, 128), (80, 90), (90, 180), (170, 110)
"""U and V."""


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


def ticker(y: int, *, speed_px_s: float, scale: float = 0.5) -> Draw:
    """Text that scrolls through the whole width on a dark band, whose lower edge is ``y``."""
    height = round(40 * scale)
    strip = np.full((height, 24_000), 20, np.uint8)
    text = "Council votes on the budget after a long debate *** Rain at night *** Final score 3:1 *** " * 20
    cv2.putText(strip, text, (0, height - 5), cv2.FONT_HERSHEY_SIMPLEX, scale, (235,), 1, cv2.LINE_AA)

    def draw(picture: Picture, at_s: float) -> None:
        left = int(at_s * speed_px_s)
        picture[y - height : y] = strip[:, left : left + picture.shape[1]]

    return draw


def lamp(x: int, y: int, *, on_s: float, off_s: float, radius_px: int = 9) -> Draw:
    """A lamp that blinks."""

    def draw(picture: Picture, at_s: float) -> None:
        level = 250 if (at_s + 1e-6) % (on_s + off_s) < on_s else 40
        cv2.circle(picture, (x, y), radius_px, (level,), -1)

    return draw


def led(
    x: int,
    y: int,
    *,
    on_s: float,
    off_s: float,
    colours: tuple[tuple[int, int], tuple[int, int]] = (RED, GREEN),
    radius_px: int = 9,
) -> Tint:
    """A status light that changes its colour and is always as bright as its ground."""

    def tint(u: Picture, v: Picture, at_s: float) -> None:
        colour = colours[0] if (at_s + 1e-6) % (on_s + off_s) < on_s else colours[1]
        for plane, level in zip((u, v), colour, strict=True):
            cv2.circle(plane, (x // 2, y // 2), radius_px // 2, (level,), -1)

    return tint


def traffic_light(x: int, y: int, changes_s: Sequence[float]) -> Draw:
    """Two lamps, one above the other, of which at each of the times the other is lit."""

    def draw(picture: Picture, at_s: float) -> None:
        passed = sum(from_s <= at_s + 1e-6 for from_s in changes_s)
        for nth in range(2):
            cv2.circle(picture, (x, y + 22 * nth), 8, (240 if passed % 2 == nth else 40,), -1)

    return draw


def jittered(
    period_s: float, jitter: float, seconds: float, seed: int, *, drifts: bool = True
) -> list[float]:
    """Times about ``period_s`` apart, uniformly off by up to this share of it.

    Each is off from the one before it where it ``drifts``, as a tap's drops do; else from an even grid.
    """
    rng = np.random.default_rng(seed)
    count = int(seconds / period_s)
    off_s = period_s * rng.uniform(-jitter, jitter, count)
    times_s = period_s * np.arange(1, count + 1) + (np.cumsum(off_s) if drifts else off_s)
    return [float(time_s) for time_s in times_s]


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


def passing(
    from_s: Sequence[float], takes_s: float, *, y: int = 180, size: tuple[int, int] = (50, 90)
) -> list[Draw]:
    """Boxes that cross the picture from left to right, one from each of the times on."""
    return [box(at_s, at_s + takes_s, y=y, size=size) for at_s in from_s]


def film(
    path: Path,
    drawn: Sequence[Draw],
    *,
    seconds: float = 40,
    fps: int = 10,
    noise: float = 0.0,
    tints: Sequence[Tint] = (),
    options: Mapping[str, str] | None = None,
) -> Path:
    """Write an H.264 film of a street on which these are drawn, with sensor noise of so many levels (sd).

    It is grey but for what ``tints`` draw.
    """
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
            u, v = (np.full((SIZE[1] // 2, SIZE[0] // 2), level, np.uint8) for level in GREY)
            for tint in tints:
                tint(u, v, nth / fps)
            planes = np.concatenate([picture, u.reshape(-1, SIZE[0]), v.reshape(-1, SIZE[0])])
            frame = VideoFrame.from_ndarray(planes, "yuv420p")
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
