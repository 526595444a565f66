"""Fragmented MP4 for live playing: FFmpeg plays what was written, each frame at its time."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from av.packet import Packet
from av.stream import Stream

from stream.av_source import AvSource
from stream.media.fragments import TICKS_PER_S, Fragment, Header, VideoFragments, plays_live
from stream.media.parameters import ClipParameters
from tests.kit.films.numbered import complaints, film, number_of, shown
from tests.kit.films.slices import sliced_film, split

SECONDS, FPS = 2.0, 10
FRAMES = round(SECONDS * FPS)
LOW_DELAY = {"preset": "ultrafast", "tune": "zerolatency"}


@contextmanager
def opened(path: Path) -> Iterator[tuple[AvSource, list[Packet[Stream]]]]:
    with AvSource(str(path)) as source:
        yield source, [packet for packet in source.packets() if packet.stream.type == "video"]


def fragments_of(path: Path, zero_s: Fraction = Fraction(0)) -> list[Header | Fragment]:
    with opened(path) as (source, packets):
        video = VideoFragments(ClipParameters(source.video), zero_s)
        return [made for packet in packets for made in video.push(packet)]


def joined(pieces: list[Header | Fragment]) -> bytes:
    return b"".join(piece.data for piece in pieces)


def decode_times(pieces: list[Header | Fragment]) -> list[tuple[int, int]]:
    """Decoding time and duration of each fragment's only sample."""
    found = []
    for piece in pieces:
        if isinstance(piece, Fragment):
            (at,) = struct.unpack_from(">Q", piece.data, piece.data.index(b"tfdt") + 8)
            (duration,) = struct.unpack_from(">I", piece.data, piece.data.index(b"trun") + 16)
            found.append((at, duration))
    return found


@pytest.mark.parametrize(
    ("codec", "container", "mime"),
    [
        ("libx264", "mpegts", "avc1."),  # start codes
        ("libx264", "mp4", "avc1."),  # lengths
        ("libx265", "mpegts", "hvc1.1.6."),
        ("libx265", "matroska", "hvc1.1.6."),
    ],
)
def test_each_frame_is_played_at_its_time(codec: str, container: str, mime: str, tmp_path: Path) -> None:
    quiet = {"x265-params": "log-level=error:bframes=0"} if codec == "libx265" else {}
    options = {**LOW_DELAY, **quiet}
    path = film(
        tmp_path / "film", seconds=SECONDS, fps=FPS, gop=5, codec=codec, container=container, options=options
    )
    pieces = fragments_of(path)
    assert isinstance(pieces[0], Header)
    assert pieces[0].mime.startswith(f'video/mp4; codecs="{mime}')
    live = tmp_path / "live.mp4"
    live.write_bytes(joined(pieces))
    numbers = [number for _, number in shown(live)]
    assert numbers == list(range(FRAMES - 1)), "each waits for the next one, so the last is not there yet"
    assert complaints(live) == ""
    keys = [piece.key for piece in pieces[1:] if isinstance(piece, Fragment)]
    assert [nth for nth, key in enumerate(keys) if key] == [0, 5, 10, 15]


def test_frames_follow_each_other_without_a_hole(tmp_path: Path) -> None:
    """Durations reach to the next frame, though frames are missing or come unevenly."""
    late = {4: 0.07, 9: 0.31, 10: 0.33}
    path = film(
        tmp_path / "film.ts",
        seconds=SECONDS,
        fps=FPS,
        container="mpegts",
        options=LOW_DELAY,
        time_s=lambda nth: nth / FPS + late.get(nth, 0.4 if nth > 10 else 0.0),
    )
    times = decode_times(fragments_of(path))
    assert len(times) == FRAMES - 1
    assert all(at + duration == following for (at, duration), (following, _) in pairwise(times))


def test_reordered_frames_are_shown_in_their_order(tmp_path: Path) -> None:
    options = {"preset": "ultrafast", "x264-params": "bframes=2:b-adapt=0"}
    path = film(tmp_path / "film.mp4", seconds=SECONDS, fps=FPS, options=options)
    live = tmp_path / "live.mp4"
    live.write_bytes(joined(fragments_of(path)))
    numbers = [number for _, number in shown(live)]
    assert len(numbers) >= FRAMES - 2
    assert numbers == sorted(numbers)


def test_media_time_begins_where_it_is_asked_to(tmp_path: Path) -> None:
    path = film(tmp_path / "film.ts", seconds=1.0, fps=FPS, container="mpegts", options=LOW_DELAY)
    first, *_ = decode_times(fragments_of(path))
    shifted, *_ = decode_times(fragments_of(path, zero_s=Fraction(-1, 10)))
    assert shifted[0] - first[0] == TICKS_PER_S // 10


def test_nothing_comes_before_the_first_key_packet(tmp_path: Path) -> None:
    path = film(tmp_path / "film.ts", seconds=SECONDS, fps=FPS, gop=5, container="mpegts", options=LOW_DELAY)
    with opened(path) as (source, packets):
        video = VideoFragments(ClipParameters(source.video), Fraction(0))
        assert [video.push(packet) for packet in packets[1:5]] == [[]] * 4
        assert isinstance(video.push(packets[5])[0], Header)


def test_a_picture_that_comes_in_parts_is_one_fragment(tmp_path: Path) -> None:
    """Also the one with which playing begins."""
    path = sliced_film(tmp_path / "film.ts", seconds=1.0, fps=FPS, gop=5)
    with opened(path) as (source, packets):
        video = VideoFragments(ClipParameters(source.video), Fraction(0))
        made = [it for packet in split(source.video, packets) for it in video.push(packet)]
    assert len(made) == FPS  # a header, and a frame less than there are
    live = tmp_path / "live.mp4"
    live.write_bytes(joined(made))
    assert [number for _, number in shown(live)] == list(range(FPS - 1))
    assert complaints(live) == ""


def test_new_codec_parameters_come_with_a_new_header(tmp_path: Path) -> None:
    paths = [
        film(
            tmp_path / f"{width}.ts",
            seconds=1.0,
            fps=FPS,
            size=(width, 128),
            container="mpegts",
            options=LOW_DELAY,
        )
        for width in (192, 256)
    ]
    with opened(paths[0]) as (source, before), opened(paths[1]) as (_, after):
        video = VideoFragments(ClipParameters(source.video), Fraction(0))
        made = [it for packet in (*before, *after) for it in video.push(packet)]
    begun = [nth for nth, piece in enumerate(made) if isinstance(piece, Header)]
    assert begun == [0, FPS], "the last frame of the old size waits for one that never comes"
    with av.open(io.BytesIO(joined(made[FPS:])), "r") as container:
        frames = list(container.decode(video=0))
    assert [frame.width for frame in frames] == [256] * (FPS - 1)
    assert [number_of(frame.to_ndarray(format="rgb24")) for frame in frames] == list(range(FPS - 1))


def test_other_codecs_are_not_played_live(tmp_path: Path) -> None:
    path = film(
        tmp_path / "film.avi",
        seconds=0.5,
        codec="mjpeg",
        container="avi",
        pixel_format="yuvj420p",
        options={},
    )
    with opened(path) as (source, _):
        assert not plays_live(source.video)
