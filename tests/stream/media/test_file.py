"""Files: written whole or not at all, whatever their name, and every failure one clear line."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from stream.media.clip import write_clip
from stream.media.edit.join import Segment, join
from stream.media.edit.slideshow import Slides, slideshow
from stream.media.file import DiskFullError, MediaError, as_media_errors, muxing, reading, replacing
from stream.media.frame_grab import grab, write_jpeg
from stream.media.probe import probe, verify
from tests.kit.films.numbered import complaints, film, packets_of, picture

ODD_NAMES = [
    "a:b",
    "-",
    "clip%d",
    "clip%03d",
    "file:x",
    "http:",
    "день",
    "*?[x]",
    "'q\"",
    "#1&t=2",
    "a\nb",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    source = film(tmp_path / "plain.mp4", seconds=1).rename(tmp_path / f"{name}.in.mp4")
    reel = tmp_path / f"{name}.mp4"
    assert join([Segment(source, 0.0, 0.5)], reel, titles=["x"]).mode == "copy"
    assert verify(reel).frames == probe(reel).frames
    assert complaints(reel) == ""
    assert grab(reel, [0.0])[0].shape == (128, 192, 3)
    slideshow([Slides("x", [picture(0)])], reel)
    write_jpeg(reel.with_suffix(".jpg"), picture(0))
    assert sorted(tmp_path.iterdir()) == sorted([source, reel, reel.with_suffix(".jpg")])


def test_a_bare_name_is_a_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film(tmp_path / "film", seconds=1)
    monkeypatch.chdir(tmp_path)
    join([Segment(Path("film"), 0.0, 0.5)], Path("-"), titles=["x"])
    assert verify(Path("-")).frames == 12


def test_a_name_that_is_no_unicode_will_do(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.mp4"))
    film(tmp_path / "film", seconds=1).rename(path)
    assert probe(path).frames == 25


def test_a_nul_in_a_name_is_refused(tmp_path: Path) -> None:
    film(tmp_path / "film", seconds=1)
    with pytest.raises(MediaError, match="not a file name"):
        probe(tmp_path / "film\0.mp4")
    with pytest.raises(MediaError, match="not a file name"), muxing(tmp_path / "a\0b.mp4"):
        pass


def write_whole(source: Path, out: Path) -> None:
    with packets_of(source) as (container, packets):
        write_clip(out, container.streams.video[0], container.streams.audio[0], packets)


WRITERS: dict[str, Callable[[Path, Path], object]] = {
    "copied reel": lambda source, out: join([Segment(source, 0.0, 1.0)], out, titles=["x"]),
    "encoded reel": lambda source, out: join(
        [Segment(source, 0.0, 1.0)], out, titles=["x"], allow_copy=False
    ),
    "clip": write_whole,
    "slideshow": lambda _, out: slideshow([Slides("x", [picture(0)])], out),
    "JPEG": lambda _, out: write_jpeg(out, picture(0)),
}
each_writer = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return film(tmp_path / "source.mp4", seconds=1, sound="aac")


@each_writer
def test_a_full_disk_has_an_error_of_its_own(
    tmp_path: Path, source: Path, write: Callable[[Path, Path], object]
) -> None:
    """A part file that leads to /dev/full: the kernel says ENOSPC to the first byte."""
    out = tmp_path / "out"
    out.write_bytes(b"before")
    part = tmp_path / "out.part"
    part.symlink_to("/dev/full")
    with pytest.raises(DiskFullError, match=r"cannot write .*out: no space left"):
        write(source, out)
    assert out.read_bytes() == b"before"
    assert not part.is_symlink()


@each_writer
def test_a_missing_folder_is_one_clear_line(
    tmp_path: Path, source: Path, write: Callable[[Path, Path], object]
) -> None:
    with pytest.raises(MediaError, match=r"cannot write .*nowhere/out: No such file or directory$"):
        write(source, tmp_path / "nowhere" / "out")


@each_writer
def test_a_complete_file_replaces_the_one_before(
    tmp_path: Path, source: Path, write: Callable[[Path, Path], object]
) -> None:
    out = tmp_path / "out"
    out.write_bytes(b"before")
    (tmp_path / "out.part").write_bytes(b"left by a crash")
    write(source, out)
    assert out.stat().st_size > 500
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source.mp4"]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def fail_half_way(out: Path) -> None:
    with muxing(out) as container:
        track = container.add_stream("libx264", rate=25)
        for packet in track.encode(av.VideoFrame(640, 480, "yuv420p")) + track.encode(None):
            container.mux(packet)
        raise KeyError


def test_nothing_is_left_of_a_file_that_fails_half_way(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    handles = open_files()
    with pytest.raises(KeyError):
        fail_half_way(out)
    assert list(tmp_path.iterdir()) == []
    assert open_files() == handles


def test_a_header_that_cannot_be_written_leaves_no_open_file(tmp_path: Path) -> None:
    handles = open_files()
    for _ in range(3):
        with pytest.raises(MediaError), muxing(tmp_path / "out.mp4") as container:
            container.start_encoding()  # without any stream
    assert open_files() == handles
    assert list(tmp_path.iterdir()) == []


def interrupt_half_way(out: Path) -> None:
    with replacing(out) as part:
        part.write_bytes(b"half")
        raise KeyboardInterrupt


def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupt_half_way(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


READERS: list[Callable[[Path], object]] = [
    probe,
    verify,
    lambda path: grab(path, [0.0]),
    lambda path: join([Segment(path, 0.0, 1.0)], path.with_name("reel.mp4"), titles=["x"]),
]
NOT_MEDIA = {"empty": b"", "text": b"hello\n" * 100, "noise": bytes(range(256)) * 64}


@pytest.mark.parametrize("data", NOT_MEDIA.values(), ids=NOT_MEDIA.keys())
def test_what_is_not_media_is_one_clear_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "thing.mp4"
    path.write_bytes(data)
    for read in READERS:
        with pytest.raises(MediaError, match=r"cannot read .*thing\.mp4: \w") as caught:
            read(path)
        assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_and_a_folder_are_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"none\.mp4: No such file or directory$"):
        probe(tmp_path / "none.mp4")
    with pytest.raises(MediaError, match="cannot read"):
        probe(tmp_path)
    with pytest.raises(MediaError, match="cannot read"), reading(tmp_path / "none.mp4"):
        pass


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as out:
        track = out.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1600), np.int16), "s16", "stereo")
        frame.sample_rate = 8000
        out.mux(track.encode(frame) + track.encode(None))
    with pytest.raises(MediaError, match="no video that can be decoded"):
        probe(path)


def test_a_message_is_one_line_whatever_the_name(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        probe(tmp_path / "a\nb")
    assert "\n" not in str(caught.value)


def test_the_quota_counts_as_a_full_disk() -> None:
    with pytest.raises(DiskFullError), as_media_errors("cannot write x"):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")
    with (
        pytest.raises(MediaError, match=r"^cannot write x: Permission denied$"),
        as_media_errors("cannot write x"),
    ):
        raise PermissionError(errno.EACCES, "Permission denied")
