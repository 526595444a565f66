"""``livereel recap`` of bad input, or where nothing can be written: one line, exit 1, and nothing left."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

import av
import numpy as np
import pytest

from tests.kit.cameras.damage import cut_off, pictures_junk
from tests.kit.cameras.faults import small_disk
from tests.kit.films.numbered import film
from tests.kit.films.scene import scene
from tests.kit.program.command_line import CommandLine

Make = Callable[[Path], Path]


def no_video(folder: Path) -> Path:
    song = folder / "song.m4a"
    with av.open(song, "w", format="ipod") as out:
        sound = out.add_stream("aac", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 16_000
        out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    return song


def written(name: str, content: bytes) -> Make:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


BAD: dict[str, tuple[Make, str]] = {
    "a missing file": (lambda folder: folder / "none.mp4", "none.mp4: no such file"),
    "a missing file with an odd name": (lambda folder: folder / "no\nne.mp4", "no ne.mp4: no such file"),
    "a text file": (written("a.txt", b"Not a video.\n" * 50), "a.txt: a text file, not a video"),
    "an empty file": (written("a.mp4", b""), "a.mp4: the file is empty"),
    "noise": (written("a.mp4", bytes(range(1, 256)) * 100), "a.mp4: not a video"),
    "a folder": (lambda folder: folder, ": a folder, not a video: name the files in it"),
    "a device": (lambda _: Path("/dev/zero"), "/dev/zero: not a video device"),
    "sound alone": (no_video, "song.m4a: has no video stream"),
    "broken pictures": (
        lambda folder: pictures_junk(scene(folder / "a.mp4")),
        "a.mp4: none of its frames can be decoded",
    ),
    "no index": (
        lambda folder: cut_off(scene(folder / "a.mp4"), 0.7),
        "a.mp4: not a video, or damaged, or cut off before its index",
    ),
    "a still camera": (lambda folder: scene(folder / "a.mp4", events=()), "nothing happened"),
    "a single picture": (lambda folder: scene(folder / "a.mp4", seconds=0.1), "nothing happened"),
    "1 x 1 pixel": (lambda folder: scene(folder / "a.mkv", size=(1, 1), codec="ffv1"), "nothing happened"),
}


@pytest.mark.parametrize(("make", "said"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_line_and_leaves_nothing(
    livereel: CommandLine, tmp_path: Path, make: Make, said: str
) -> None:
    source = make(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert said in livereel.failure("recap", source, "--out", tmp_path / "new" / "reel")
    assert sorted(tmp_path.iterdir()) == before


def test_a_password_is_not_printed(livereel: CommandLine, tmp_path: Path) -> None:
    for address in ("rtsp://admin:geheim@127.0.0.1:1/main", "http://127.0.0.1:1/x?password=geheim"):
        for command in (["recap", address, "--out", tmp_path / "reel"], ["scan", address]):
            said = livereel.failure(*command)
            assert "geheim" not in said
            assert "127.0.0.1" in said
    assert not list(tmp_path.iterdir())


def test_an_output_folder_that_exists_is_left_as_it_is(livereel: CommandLine, tmp_path: Path) -> None:
    source = scene(tmp_path / "film.mp4")
    out = tmp_path / "reel"
    out.mkdir()
    (out / "mine").write_text("mine")
    assert livereel.failure("recap", source, "--out", out) == f"{out} exists already"
    assert livereel.failure("recap", source, "--out", source) == f"{source} exists already"
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == ["film.mp4", "reel", "mine"]


def test_a_place_that_cannot_be_written_is_named(livereel: CommandLine, tmp_path: Path) -> None:
    source = scene(tmp_path / "film.mp4")
    said = livereel.failure("recap", source, "--out", source / "reel")
    assert "Not a directory" in said
    assert str(source) in said


@pytest.fixture(scope="module")
def takes_room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film whose reel is larger than its keyframes, and they larger than the text files."""
    folder = tmp_path_factory.mktemp("room")
    return film(folder / "film.ts", seconds=8, container="mpegts", size=(640, 480), sound="aac")


# Keyframes, the clip that is cut, the reel, and the text files come in this order: a disk of each of these
# sizes fills up at another of them.
SHARES = {"keyframes": 0.1, "clip": 0.35, "reel": 0.75, "text files": 0.97}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
@pytest.mark.parametrize("style", ["clips", "keyframes"])
def test_a_full_disk_is_one_line_and_leaves_nothing(
    livereel: CommandLine, tmp_path: Path, takes_room: Path, style: str
) -> None:
    command = ("recap", takes_room, "--style", style, "--out")
    with small_disk(tmp_path / "large", 64_000_000) as disk, Peak(disk) as peak:
        assert livereel(*command, disk / "reel").code == 0
    for place, share in SHARES.items():
        pages = int(peak.bytes * share) // 4096
        with small_disk(tmp_path / place, pages * 4096) as disk:
            said = livereel.failure(*command, disk / "new" / "reel")
            assert "full" in said or "no space left" in said
            assert not list(disk.iterdir())


class Peak:
    """The most that a disk ever held, seen from a thread."""

    def __init__(self, disk: Path) -> None:
        self._disk = disk
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.bytes = 0

    def _watch(self) -> None:
        while not self._over.wait(0.001):
            room = os.statvfs(self._disk)
            self.bytes = max(self.bytes, (room.f_blocks - room.f_bfree) * room.f_frsize)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
