"""Cameras that send JPEG pictures in one endless response, each with its own way of writing the parts."""

from __future__ import annotations

from contextlib import suppress

import cv2
import numpy as np
import pytest

from stream.frames.decoder import FrameDecoder
from stream.frames.frame import Frame
from stream.open import open_source
from stream.source import SourceError
from tests.kit.cameras.senders import Unit, over_http

FPS, PICTURES, BARS = 20, 24, 5


def numbered(number: int) -> bytes:
    """A picture that shows its number as bars, bright for 1."""
    picture = np.full((120, 160), 30, np.uint8)
    for bit in range(BARS):
        picture[:, 32 * bit : 32 * bit + 24] = 230 if number >> bit & 1 else 60
    return cv2.imencode(".jpg", picture)[1].tobytes()


def number_of(luma: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> int:
    return sum(int(luma[60, 32 * bit + 12] > 140) << bit for bit in range(BARS))


LENGTH = b"Content-Length: %d\r\n"
TYPE = b"Content-Type: image/jpeg\r\n"


@pytest.mark.parametrize(
    ("boundary", "head", "tail"),
    [
        ("frame", b"--frame\r\n" + TYPE + LENGTH + b"\r\n", b"\r\n"),
        ("frame", b"--frame\r\n" + TYPE + b"\r\n", b"\r\n"),
        ('"frame"', b"--frame\r\n" + TYPE + b"\r\n", b"\r\n"),
        ("--frame", b"--frame\r\n" + TYPE + b"\r\n", b"\r\n"),
        ("--frame", b"----frame\r\n" + TYPE + b"\r\n", b"\r\n"),
        ("frame", b"--frame\nContent-Type: image/jpeg\nContent-Length: %d\n\n", b"\n"),
        ("frame", b"--frame\r\n" + TYPE + LENGTH + b"\r\n", b""),
        ("frame", b"--frame\r\n" + TYPE + b"X-Timestamp: 1.0\r\n\r\n", b"\r\n\r\n"),
    ],
    ids=["length", "no length", "quoted", "dashes", "dashes twice", "LF", "nothing behind", "more headers"],
)
def test_no_picture_is_lost_and_all_have_the_rate_at_which_they_come(
    boundary: str, head: bytes, tail: bytes
) -> None:
    jpegs = [numbered(number) for number in range(PICTURES)]
    heads = [head % len(jpeg) if b"%d" in head else head for jpeg in jpegs]
    parts = [start + jpeg + tail for start, jpeg in zip(heads, jpegs, strict=True)]
    units = [Unit(nth / FPS, part) for nth, part in enumerate(parts)]
    with over_http(units, f"multipart/x-mixed-replace; boundary={boundary}") as address:
        source = open_source(address)
        decoder = FrameDecoder(source.video, 160, 120)
        frames: list[Frame] = []
        with suppress(SourceError):  # a camera that ends was lost
            for packet in source.packets():
                frames += decoder.decode(packet).frames
        source.close()
    assert source.info.live
    # Where no length is stated, the last one is complete only when another follows.
    assert [number_of(frame.luma) for frame in frames] in (
        [*range(PICTURES)],
        [*range(PICTURES - 1)],
    )
    assert frames[-1].pts_s == pytest.approx((len(frames) - 1) / FPS, rel=0.25)
