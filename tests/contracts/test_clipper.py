"""The contract of Clipper, for each implementation: what a clip covers, a full disk, starting over, close."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import av
import pytest
from av.packet import Packet
from av.stream import Stream

from analyzer.signal.window import Clip
from livereel.camera.clips import BufferClips, Clipper, FileClips, NoClips
from livereel.camera.main_stream import MainStreamClips
from stream.av_source import AvSource
from stream.media.file import DiskFullError
from stream.media.track import codec_name
from stream.playback import RealTimeSource
from stream.source import PacketSource
from stream.spool import Spool
from stream.threaded import ThreadedSource
from tests.kit.cameras import faults
from tests.kit.films.numbered import complaints, film, shown

FPS, GOP_S, LENGTH_S = 10, 0.5, 3.0
START_S, END_S = 1.7, 2.6
"""The window of which a clip is asked for, in media time."""

DISK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Media:
    """The same film as a transport stream and as an MP4 file, and a folder for clips."""

    ts: Path
    mp4: Path
    folder: Path


@dataclass(frozen=True, slots=True)
class Fed:
    """A clipper that has seen a film of numbered pictures pass, all of it.

    Attributes:
        start_s: stream time of the film's first picture, for who pushes the packets.
        slack_s: how exactly the clip can follow the window's times: two streams are matched by arrival.
        is_file: whether the clip is the whole film.
        keeps: whether there are clips at all.
    """

    clipper: Clipper
    start_s: float
    slack_s: float = 0.0
    is_file: bool = False
    keeps: bool = True

    def clip(self, name: str, start_s: float = START_S, end_s: float = END_S) -> Clip | None:
        return self.clipper.clip(name, self.start_s, start_s, end_s)


def feed(clipper: Clipper, source: PacketSource) -> float:
    """Pass a source's packets to a clipper; return the time of its first picture."""
    start_s: float | None = None
    for packet in source.packets():
        if start_s is None:
            start_s = shown_s(packet)
            clipper.start_over(start_s)
        clipper.push(packet)
    assert start_s is not None
    return start_s


def shown_s(packet: Packet[Stream]) -> float:
    assert packet.pts is not None
    return float(packet.pts * packet.time_base)


def no_clips(media: Media) -> Iterator[Fed]:
    clipper = NoClips()
    with AvSource(str(media.ts)) as source:
        yield Fed(clipper, feed(clipper, source), keeps=False)


def the_file_itself(media: Media) -> Iterator[Fed]:
    clipper = FileClips(media.mp4)
    with AvSource(str(media.mp4)) as source:
        yield Fed(clipper, feed(clipper, source), is_file=True)


def cut_from_the_buffer(media: Media) -> Iterator[Fed]:
    with AvSource(str(media.ts)) as source:
        clipper = BufferClips(source, media.folder, keep_s=LENGTH_S)
        yield Fed(clipper, feed(clipper, source))


def cut_from_the_spool(media: Media) -> Iterator[Fed]:
    with AvSource(str(media.ts)) as source:
        clipper = BufferClips(source, media.folder, keep_s=LENGTH_S, spool=Spool(media.folder))
        yield Fed(clipper, feed(clipper, source))


def cut_from_the_main_stream(media: Media) -> Iterator[Fed]:
    sources = [RealTimeSource(AvSource(str(path))) for path in (media.ts, media.mp4)]
    main, analysed = (ThreadedSource(source) for source in sources)
    clipper = MainStreamClips(main, analysed, BufferClips(main, media.folder, keep_s=LENGTH_S))
    try:
        yield Fed(clipper, feed(clipper, analysed), slack_s=0.3)
    finally:
        clipper.close()
        clipper.close()
        for source in sources:
            source.close()


IMPLEMENTATIONS: list[Callable[[Media], Iterator[Fed]]] = [
    no_clips,
    the_file_itself,
    cut_from_the_buffer,
    cut_from_the_spool,
    cut_from_the_main_stream,
]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A transport stream and an MP4 file of the same numbered pictures."""
    folder = tmp_path_factory.mktemp("films")
    gop = round(GOP_S * FPS)
    return (
        film(folder / "film.ts", seconds=LENGTH_S, fps=FPS, gop=gop, container="mpegts"),
        film(folder / "film.mp4", seconds=LENGTH_S, fps=FPS, gop=gop),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where clips are written: on a small disk, where one can be mounted."""
    if sys.platform.startswith("linux") and os.geteuid() == 0:
        with faults.small_disk(tmp_path / "disk", DISK_BYTES) as disk:
            yield disk
    else:
        yield tmp_path


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda make: make.__name__)
def fed(request: pytest.FixtureRequest, films: tuple[Path, Path], folder: Path) -> Iterator[Fed]:
    yield from request.param(Media(*films, folder))


def test_a_clip_covers_its_window_from_a_random_access_point_on(
    fed: Fed, films: tuple[Path, Path], folder: Path
) -> None:
    clip = fed.clip("2026-03-12/a")
    if not fed.keeps:
        assert clip is None
    else:
        assert clip is not None
        assert_covers(clip, fed)
        with AvSource(str(films[0])) as source:
            assert codec_of(clip.path) == codec_name(source.video), "nothing is encoded anew"
    assert fed.clipper.dropped == 0
    assert files(folder) == ([] if clip is None or fed.is_file else [folder / "2026-03-12" / "a.mp4"])


def assert_covers(clip: Clip, fed: Fed) -> None:
    """The clip begins at or before the window, contains each of its pictures, and decodes whole."""
    assert clip.file_start_s <= START_S + fed.slack_s
    assert fed.is_file or clip.file_start_s > START_S - GOP_S - fed.slack_s, (
        "it begins at the nearest point before"
    )
    numbers = [number for _, number in shown(clip.path)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "no picture is missing"
    assert numbers[0] <= (START_S + fed.slack_s) * FPS
    assert numbers[-1] >= (END_S - fed.slack_s) * FPS - 1
    assert abs(numbers[0] / FPS - clip.file_start_s) <= fed.slack_s + 1e-6, (
        "its time is that of its first picture"
    )
    with av.open(clip.path) as container:
        first = next(container.demux(video=0))
        assert first.is_keyframe
    assert complaints(clip.path) == ""


def codec_of(path: Path) -> str:
    with av.open(path) as container:
        return codec_name(container.streams.video[0])


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_time_that_is_not_there_has_no_clip_and_no_file(fed: Fed, folder: Path) -> None:
    if not fed.is_file:
        assert fed.clip("late", LENGTH_S + 3.0, LENGTH_S + 4.0) is None
        fed.clipper.start_over(None)
        assert fed.clip("over") is None, "nothing of before is joined to what follows"
    assert files(folder) == []


def test_a_full_disk_is_an_error_that_leaves_nothing_and_passes(fed: Fed, folder: Path) -> None:
    if not os.path.ismount(folder):
        pytest.skip("a small file system can be mounted by root on Linux alone")
    if not fed.keeps or fed.is_file:
        with faults.disk_full(folder):
            clip = fed.clip("full")
        assert (clip is not None) == fed.keeps, "nothing is written"
        return
    with faults.disk_full(folder):
        before = files(folder)
        with pytest.raises(DiskFullError):
            fed.clip("2026-03-12/full")
        assert files(folder) == before
    clip = fed.clip("free")
    assert clip is not None
    assert_covers(clip, fed)


def test_packets_that_are_refused_are_not_in_the_clip(films: tuple[Path, Path], folder: Path) -> None:
    """Only a clip that is cut of the analysed stream can leave out what its decoder refuses."""
    with closing(AvSource(str(films[0]))) as source:
        clipper = BufferClips(source, folder, keep_s=LENGTH_S)
        packets = list(source.packets())
        start_s = shown_s(packets[0])
        for packet in packets:
            clipper.push(packet)
        last = max(packets, key=shown_s)
        clipper.discard(last)
        clip = clipper.clip("refused", start_s, START_S, LENGTH_S)
        assert clip is not None
        assert [number for _, number in shown(clip.path)][-1] == round(LENGTH_S * FPS) - 2
