"""Codec strings: of records as encoders write them, and of records from the standards' examples."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from stream.codec.codec_string import codec_string


def hevc(profile: int, flags: int, level: int, constraints: bytes, *, high: bool = False) -> bytes:
    """A header with the record of such a stream."""
    record = bytes([1, high << 5 | profile]) + flags.to_bytes(4, "big") + constraints.ljust(6, b"\0")
    return b"....hvcC" + record + bytes([level]) + bytes(10)


def aac(config: bytes) -> bytes:
    """A header with the descriptors of such a track; their sizes take four bytes, as FFmpeg writes them."""
    decoder = b"\x04\x80\x80\x80\x14\x40\x15" + b"\5" * 11 + b"\5\x80\x80\x80" + bytes([len(config)]) + config
    return b"....esds\0\0\0\0\x03\x80\x80\x80\x25\0\1\0" + decoder


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"....avcC\1\x64\0\x28\xff", "avc1.640028"),  # High, level 4
        (b"....avcC\1\x42\xc0\x1e\xff", "avc1.42c01e"),  # Constrained Baseline, level 3
        (hevc(1, 0x60000000, 93, b"\xb0"), "hvc1.1.6.L93.b0"),  # Main, level 3.1
        (hevc(2, 0x20000000, 153, b"\xb0\0\x10", high=True), "hvc1.2.4.H153.b0.0.10"),  # Main 10
        (hevc(1, 0x60000000, 120, b""), "hvc1.1.6.L120"),
        (aac(b"\x12\x10"), "mp4a.40.2"),  # low complexity, 44.1 kHz, stereo
        (aac(b"\x2b\x11\x88\0"), "mp4a.40.5"),  # with spectral band replication
        (aac(b"\xf9\x46\x40"), "mp4a.40.42"),  # an object type above 31
        (b"....mp4v", None),
        (b"....avcC\1\x64", None),
        (b"....hvcC\1\1\x60", None),
        (b"....esds\0\0\0\0\x03\x05", None),
        (b"", None),
    ],
)
def test_a_codec_is_named_as_browsers_expect(header: bytes, expected: str | None) -> None:
    assert codec_string(header) == expected


def encoded(path: Path, container: str, codec: str, pixel_format: str, options: Mapping[str, str]) -> str:
    """Write a few frames; return the file's text, read byte by byte."""
    with av.open(str(path), "w", format=container) as out:
        video = out.add_stream(codec, rate=10, options=dict(options))
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt = 64, 64, pixel_format
        if codec == "libx265":
            video.codec_context.codec_tag = "hvc1"
        for shade in range(6):
            picture = np.full((64, 64, 3), 40 * shade, np.uint8)
            out.mux(video.encode(VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(video.encode(None))
    return path.read_bytes().decode("latin-1")


@pytest.mark.parametrize(
    ("codec", "pixel_format", "options"),
    [
        ("libx264", "yuv420p", {"profile": "main"}),
        ("libx265", "yuv420p", {"x265-params": "log-level=none"}),
        ("libx265", "yuv420p10le", {"x265-params": "log-level=none"}),
        ("libx265", "yuv420p", {"x265-params": "log-level=none:level-idc=5.1:high-tier=1"}),
    ],
)
def test_real_parameter_sets_are_named_as_ffmpeg_names_them(
    codec: str, pixel_format: str, options: Mapping[str, str], tmp_path: Path
) -> None:
    """FFmpeg states the codec of a DASH presentation."""
    manifest = encoded(tmp_path / "film.mpd", "dash", codec, pixel_format, options)
    stated = re.search('codecs="([^"]+)"', manifest)
    assert stated is not None
    header = encoded(tmp_path / "film.mp4", "mp4", codec, pixel_format, options).encode("latin-1")
    assert codec_string(header) == stated[1]
