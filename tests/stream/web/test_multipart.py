"""Cameras that send JPEG pictures in one endless response, each with its own way of writing the parts."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice

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
        ("frame", b"--frame\r\n" + LENGTH + b"\r\n", b"\r\n"),
        ("frame", b"--frame\r\n\r\n", b"\r\n"),
        ("frame", b"--frame\r\nContent-Type: image/jpeg; charset=binary\r\n" + LENGTH + b"\r\n", b"\r\n"),
        ("frame", b"--frame\r\nContent-Type: image/jpg\r\n\r\n", b"\r\n"),
        ("frame", b"--frame\ncontent-type:image/jpeg\n\n", b"\n"),
        ("frame", b"--frame\n\n", b"\n"),
        ("--frame", b"frame\r\n" + TYPE + LENGTH + b"\r\n", b"\r\n"),
        ('"--frame"', b"--frame\r\n" + LENGTH + b"\r\n", b"\r\n"),
        ("", b"--frame\r\n" + TYPE + b"\r\n", b"\r\n"),
        ("frame", b"\r\n--frame\r\n" + TYPE + LENGTH + b"\r\n", b""),
        ("frame", b"", b"\r\n--frame\r\n" + TYPE + b"\r\n"),
    ],
    ids=[
        "length",
        "no length",
        "quoted",
        "dashes",
        "dashes twice",
        "LF",
        "nothing behind",
        "more headers",
        "no type",
        "no headers",
        "type with a parameter",
        "another type",
        "LF, no length",
        "LF, no headers",
        "no dashes in the body",
        "quoted dashes, no type",
        "no boundary stated",
        "empty line first",
        "boundary after the picture",
    ],
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


@pytest.mark.parametrize("head", [TYPE, b"X-Camera: 1\r\n"], ids=["type", "no type"])
def test_a_picture_a_second_is_shown_when_it_comes(head: bytes) -> None:
    """Opening waits for no more pictures than it must: a camera is given up on after some seconds."""
    parts = [
        b"--frame\r\n" + head + LENGTH % len(it) + b"\r\n" + it + b"\r\n" for it in map(numbered, range(6))
    ]
    units = [Unit(float(nth), part) for nth, part in enumerate(parts)]
    with over_http(units, "multipart/x-mixed-replace; boundary=frame") as address:
        source = open_source(address)
        opened = [bytes(packet) for packet in islice(source.packets(), 1)]
        source.close()
    assert numbered(0) in opened[0], "the first of this connection"
