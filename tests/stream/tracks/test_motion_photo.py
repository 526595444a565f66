"""Motion photos: the film behind a picture is what is watched, and a picture alone stays one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from stream.av_source import AvSource
from stream.media.frame_grab import grab
from stream.tracks.motion_photo import url
from tests.kit.films.numbered import film, number_of, picture

PHOTO = (640, 480)


def photo() -> bytes:
    encoded, jpeg = cv2.imencode(".jpg", picture(4000, PHOTO))
    assert encoded
    return jpeg.tobytes()


def box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def appended(moving: bytes) -> bytes:
    """As Pixel phones have it."""
    return photo() + moving


def appended_with_a_marker_and_a_trailer(moving: bytes) -> bytes:
    """As Samsung's phones have it; the picture's own text names a box, too."""
    return (
        photo() + b"ftyp, it says" + b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data" + moving + b"SEFH\0\0\0\0SEFT"
    )


def in_a_box(moving: bytes) -> bytes:
    """As HEIF has it."""
    return (
        box(b"ftyp", b"heic\0\0\0\0mif1heic")
        + box(b"meta", bytes(40))
        + box(b"mdat", photo())
        + box(b"mpvd", moving)
    )


@pytest.mark.parametrize("name", ["photo.jpg", "a:b.heic", "photo.mp4"])
@pytest.mark.parametrize("made", [appended, appended_with_a_marker_and_a_trailer, in_a_box])
def test_the_film_is_watched_and_not_the_photo(
    made: Callable[[bytes], bytes], name: str, tmp_path: Path
) -> None:
    moving = film(tmp_path / "film.mp4", seconds=2)
    both = tmp_path / name
    both.write_bytes(made(moving.read_bytes()))
    with AvSource(str(both)) as source:
        assert (source.info.width_px, source.info.height_px) == (192, 128)
        assert source.info.duration_s == pytest.approx(2.0)
        assert source.info.choice == (
            "the file is a photo with a film behind it: the film is used, not the photo"
        )
        assert sum(packet.stream.type == "video" for packet in source.packets()) == 50
    assert [number_of(shown) for shown in grab(both, [0.0, 1.0])] == [0, 25]


@pytest.mark.parametrize("content", [photo(), photo() + b"\0\0\0\x20ftyp", b"\xff\xd8\xff", b""])
def test_a_picture_alone_is_opened_as_it_is(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    assert url(path) == f"file:{path}"
