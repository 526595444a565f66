"""Files open for reading: packets from a keyframe at or before any time, whatever the index says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
import pytest

from stream.media.file import MediaError
from stream.media.reader import MediaReader, ReaderCache
from tests.kit.films.numbered import FASTEST, film, number_of

FILES: dict[str, dict[str, Any]] = {
    "MP4": {},
    "MP4 with B-frames and sound": {"options": {**FASTEST, "bf": "3"}, "sound": "aac"},
    "MPEG-TS": {"container": "mpegts", "sound": "aac"},
    "Matroska": {"container": "matroska", "sound": "aac"},
    "AVI": {"container": "avi", "codec": "mpeg4", "options": {}},
    "FLV": {"container": "flv"},
    "a raw stream": {"container": "h264"},
}


@pytest.mark.parametrize("form", FILES.values(), ids=FILES.keys())
def test_reading_begins_with_a_keyframe_at_or_before(tmp_path: Path, form: Mapping[str, Any]) -> None:
    with MediaReader(film(tmp_path / "film", **{"seconds": 6, "gop": 50, **form})) as footage:
        for from_s in (5.0, 0.0, 3.99, 4.0, 2.01, -1.0, 99.0):
            packets = (p for p in footage.packets(from_s) if p.stream_index == footage.video.index)
            first = next(packets)
            assert first.is_keyframe
            assert (footage.time_of(first) or 0) <= max(from_s, 0.0) + 0.02


def test_sound_from_the_start_on_is_there(tmp_path: Path) -> None:
    for container in ("mp4", "mpegts", "matroska"):
        source = film(tmp_path / container, seconds=6, gop=25, sound="aac", container=container)
        with MediaReader(source) as footage:
            times_s = [
                footage.time_of(p) for p in footage.packets(3.0) if p.stream_index != footage.video.index
            ]
        assert min(t for t in times_s if t is not None) < 3.0


def without_index(source: Path, *, container: str) -> Path:
    """A copy without its index, as a recorder that died leaves it."""
    data = source.read_bytes()
    if container == "avi":
        data = data[: data.rindex(b"idx1")]
    else:
        cues = data.rindex(b"\x1c\x53\xbb\x6b")
        data = data[:cues]
    broken = source.with_name("broken")
    broken.write_bytes(data)
    return broken


@pytest.mark.parametrize("container", ["avi", "matroska"])
def test_a_missing_index_costs_time_not_pictures(tmp_path: Path, container: str) -> None:
    source = film(tmp_path / "film", seconds=6, gop=25, codec="mpeg4", container=container, options={})
    with MediaReader(without_index(source, container=container)) as footage:
        for from_s in (4.4, 1.6):
            packets = (p for p in footage.packets(from_s) if p.stream_index == footage.video.index)
            frames = ((footage.seconds(at), frame) for at, frame in footage.frames(packets))
            number = next(
                number_of(frame.to_ndarray(format="rgb24")) for at_s, frame in frames if at_s > from_s - 0.001
            )
            assert number == round(from_s * 25)


def test_times_count_from_the_first_picture_whatever_its_stamp(tmp_path: Path) -> None:
    source = film(tmp_path / "film.ts", container="mpegts", time_s=lambda nth: 1000 + nth / 25)
    with MediaReader(source) as footage:
        assert footage.seconds(footage.ticks(0.0)) == 0.0
        assert footage.seconds(footage.first.pts or 0) == 0.0
        assert footage.frame_s == pytest.approx(0.04)


def test_a_cover_picture_is_not_the_film(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", seconds=1)
    covered = tmp_path / "covered.mp4"
    with av.open(str(source)) as given, av.open(str(covered), "w") as out:
        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        track = out.add_stream_from_template(given.streams.video[0])
        frame = av.VideoFrame(64, 64, "yuvj420p")
        out.mux(cover.encode(frame) + cover.encode(None))
        for packet in given.demux(video=0):
            if packet.size:
                packet.stream = track
                out.mux(packet)
    with MediaReader(covered) as footage:
        assert footage.first.width == 192


def test_a_cache_keeps_the_last_file_open(tmp_path: Path) -> None:
    one, two = (film(tmp_path / name, seconds=0.2) for name in ("one", "two"))
    with ReaderCache() as cache:
        first = cache.reader(one)
        assert cache.reader(one) is first
        assert cache.reader(two).path == two
        assert cache.reader(one) is not first
    handles = [path.resolve() for path in Path("/proc/self/fd").iterdir()]
    assert not {one, two} & set(handles)


def test_a_film_without_a_picture_is_one_clear_line(tmp_path: Path) -> None:
    source = film(tmp_path / "film.ts", seconds=1, container="mpegts")
    data = bytearray(source.read_bytes())
    for at in range(188 * 5, len(data), 188):
        data[at + 20 : at + 188] = b"\xff" * 168
    source.write_bytes(data)
    with pytest.raises(MediaError, match="cannot read"):
        MediaReader(source)
