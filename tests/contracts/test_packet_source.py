"""The contract of PacketSource, for each implementation: packets, end, failure, close, and their order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import pytest

from stream.av_source import AvSource
from stream.open import open_source
from stream.part import FilePart
from stream.playback import LoopedSource, RealTimeSource
from stream.source import PacketSource, SourceError
from stream.threaded import ThreadedSource
from stream.timing.timed_source import TimedSource
from stream.web.snapshot import SnapshotSource
from tests.contracts.packet_source_checks import check_packets
from tests.kit.cameras import senders
from tests.kit.cameras.http_camera import web_camera
from tests.kit.cameras.pages import Page, pages
from tests.kit.cameras.rtsp import free_port, rtsp_server
from tests.kit.films.footage import Look, write_units
from tests.kit.films.scene import scene
from tests.kit.records.keyframe_files import snapshot
from tests.kit.store.buckets import new_bucket, pointed_to

SOME = 20
"""As many packets as are read of a source without an end."""

MANY = 100_000
"""More packets than come before a peer's failure shows."""

PATIENCE_S = 60.0
LOOK = Look(width_px=160, height_px=120, round_s=1, audio="aac", gop=5)


@dataclass(frozen=True, slots=True)
class Peer:
    """What a source is opened on.

    Attributes:
        open: opens the source; may be called again once the one before is closed.
        ends: whether its packets come to an end.
        fail: makes the peer fail, also while it is read; None where it cannot.
        fails_alone: its connection ends after a second in any case.
        fails_by: how a failure ends the iteration; None is its end, as FFmpeg takes a closed RTSP connection.
        missing: opens a source of the same kind whose peer is not there or is damaged.
    """

    open: Callable[[], PacketSource]
    missing: Callable[[], PacketSource]
    ends: bool = True
    fail: Callable[[], object] | None = None
    fails_alone: bool = False
    fails_by: type[SourceError] | None = SourceError


@dataclass(frozen=True, slots=True)
class Kit:
    """What the peers serve, a second each, an object store, and a folder for what a test changes."""

    mp4: Path
    ts: Path
    motion_jpeg: Path
    truncated: Path
    units: Path
    s3: str
    folder: Path


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory, s3: str) -> Kit:
    folder = tmp_path_factory.mktemp("films")
    mp4 = scene(folder / "film.mp4", seconds=1, fps=25, sound="aac")
    truncated = folder / "truncated.mp4"
    truncated.write_bytes(mp4.read_bytes()[:-2000])
    return Kit(
        mp4,
        scene(folder / "film.ts", seconds=1, fps=15, sound="aac"),
        scene(folder / "film.mkv", seconds=1, fps=25, codec="mjpeg", pixel_format="yuvj420p"),
        truncated,
        write_units(folder / "units", LOOK),
        s3,
        folder,
    )


@contextmanager
def a_file(kit: Kit) -> Iterator[Peer]:
    yield Peer(lambda: AvSource(str(kit.mp4)), lambda: AvSource(str(kit.truncated)))


@contextmanager
def a_transport_stream(kit: Kit) -> Iterator[Peer]:
    yield Peer(lambda: AvSource(str(kit.ts)), lambda: AvSource(str(kit.folder / "none.ts")))


@contextmanager
def a_synthetic_camera(kit: Kit) -> Iterator[Peer]:  # noqa: ARG001  # as the others
    address = "synthetic://street?seed=1&size=160x120&fps=10"
    yield Peer(lambda: AvSource(address), lambda: AvSource("synthetic://nowhere"), ends=False)


@contextmanager
def a_part_of_a_file(kit: Kit) -> Iterator[Peer]:
    yield Peer(
        lambda: FilePart(AvSource(str(kit.mp4)), 0.3, 0.9),
        lambda: FilePart(AvSource(str(kit.truncated))),
    )


@contextmanager
def a_file_in_real_time(kit: Kit) -> Iterator[Peer]:
    yield Peer(
        lambda: RealTimeSource(AvSource(str(kit.ts))),
        lambda: RealTimeSource(AvSource(str(kit.truncated))),
    )


@contextmanager
def a_looped_file(kit: Kit) -> Iterator[Peer]:
    film = kit.folder / "film.ts"
    film.write_bytes(kit.ts.read_bytes())
    yield Peer(
        lambda: LoopedSource(lambda: AvSource(str(film))),
        lambda: LoopedSource(lambda: AvSource(str(kit.truncated))),
        ends=False,
        fail=lambda: film.unlink(missing_ok=True),
    )


@contextmanager
def a_looped_file_in_real_time_and_a_thread(kit: Kit) -> Iterator[Peer]:
    with a_looped_file(kit) as inner:
        yield Peer(
            lambda: ThreadedSource(RealTimeSource(inner.open())),
            lambda: ThreadedSource(RealTimeSource(inner.missing())),
            ends=False,
            fail=inner.fail,
        )


@contextmanager
def a_file_in_a_thread(kit: Kit) -> Iterator[Peer]:
    yield Peer(
        lambda: ThreadedSource(AvSource(str(kit.mp4))),
        lambda: ThreadedSource(AvSource(str(kit.truncated))),
    )


@contextmanager
def a_film_on_a_server(kit: Kit) -> Iterator[Peer]:
    with pages(film_mp4=Page(kit.mp4.read_bytes()), film_gone=Page(status=404)) as server:
        yield Peer(
            lambda: open_source(server.address("/film.mp4")),
            lambda: open_source(server.address("/film.gone")),
        )


@contextmanager
def an_object_of_a_store(kit: Kit) -> Iterator[Peer]:
    with pointed_to(kit.s3):
        bucket = new_bucket(kit.s3)
        film = bucket.put("film.mp4", kit.mp4.read_bytes())
        truncated = bucket.put("truncated.mp4", kit.truncated.read_bytes())
        yield Peer(lambda: AvSource(film), lambda: AvSource(truncated))


@contextmanager
def a_part_of_an_object(kit: Kit) -> Iterator[Peer]:
    with pointed_to(kit.s3):
        bucket = new_bucket(kit.s3)
        film = bucket.put("film.ts", kit.ts.read_bytes())
        yield Peer(
            lambda: FilePart(AvSource(film), 0.3, 0.9),
            lambda: FilePart(AvSource(bucket.address("none.ts"))),
        )


@contextmanager
def a_live_transport_stream(kit: Kit) -> Iterator[Peer]:
    sent = senders.transport_stream(kit.mp4, 1.0)
    with senders.over_http(sent, "video/mp2t") as address, pages() as empty:
        yield Peer(
            lambda: timed(address),
            lambda: open_source(empty.address("/live.ts")),
            ends=False,
            fails_alone=True,
        )


@contextmanager
def pictures_without_times(kit: Kit) -> Iterator[Peer]:
    sent = senders.multipart(kit.motion_jpeg, 25)
    no_server = f"http://127.0.0.1:{free_port()}/stream"
    with senders.over_http(sent, senders.MULTIPART) as address:
        yield Peer(lambda: timed(address), lambda: open_source(no_server), ends=False, fails_alone=True)


@contextmanager
def a_live_playlist(kit: Kit) -> Iterator[Peer]:
    film = scene(kit.folder / "long.ts", seconds=20)
    with web_camera(film, kit.folder, length_s=20) as web:
        yield Peer(
            lambda: timed(web.address("/live.m3u8")),
            lambda: open_source(web.address("/none.m3u8")),
            ends=False,
        )


@contextmanager
def an_rtsp_camera(kit: Kit) -> Iterator[Peer]:
    with rtsp_server({"/main": [kit.units]}) as server:
        yield Peer(
            lambda: timed(server.address("/main")),
            lambda: open_source(server.address("/none")),
            ends=False,
            fail=server.close,
            fails_by=None,
        )


@contextmanager
def a_single_picture(kit: Kit) -> Iterator[Peer]:  # noqa: ARG001  # as the others
    with pages(snap=Page(snapshot(), "image/jpeg"), text=Page(b"<html>", "text/html")) as server:
        yield Peer(
            lambda: SnapshotSource(server.address("/snap"), poll_s=0.05),
            lambda: SnapshotSource(server.address("/text"), poll_s=0.05),
            ends=False,
            fail=lambda: server.pages.update({"/snap": Page(status=503)}),
        )


def timed(address: str) -> PacketSource:
    source = open_source(address)
    assert isinstance(source, TimedSource)
    return source


Serve = Callable[[Kit], AbstractContextManager[Peer]]
IMPLEMENTATIONS: list[Serve] = [
    a_file,
    a_transport_stream,
    a_synthetic_camera,
    a_file_in_real_time,
    a_part_of_a_file,
    a_looped_file,
    a_looped_file_in_real_time_and_a_thread,
    a_file_in_a_thread,
    a_film_on_a_server,
    an_object_of_a_store,
    a_part_of_an_object,
    a_live_transport_stream,
    pictures_without_times,
    a_live_playlist,
    an_rtsp_camera,
    a_single_picture,
]


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda serve: serve.__name__)
def peer(request: pytest.FixtureRequest, kit: Kit, tmp_path: Path) -> Iterator[Peer]:
    with request.param(replace(kit, folder=tmp_path)) as it:
        yield it


def test_packets_are_whole_in_order_and_end_with_the_source(peer: Peer) -> None:
    with closing(peer.open()) as source:
        check_packets(source, None if peer.ends else SOME)
        if peer.ends:
            assert list(source.packets()) == [], "an end is for good"


def test_a_peer_that_is_missing_or_damaged_is_a_source_error(peer: Peer) -> None:
    with pytest.raises(SourceError) as caught:
        peer.missing()
    assert_one_line(caught.value)


def test_a_peer_that_fails_while_it_is_read_ends_the_packets(peer: Peer) -> None:
    if peer.fail is None and not peer.fails_alone:
        return
    failure: SourceError | None = None
    with closing(peer.open()) as source:
        packets = source.packets()
        next(packets)
        if peer.fail is not None:
            peer.fail()
        try:
            assert len(list(islice(packets, MANY))) < MANY
        except SourceError as error:
            failure = error
        assert next(packets, None) is None, "nothing follows a failure"
    if peer.fails_by is None:
        assert failure is None
        assert source.info.live, "of a file every failure is an error"
    else:
        assert failure is not None
        assert_one_line(failure)
        assert failure.retryable is source.info.live


def assert_one_line(error: SourceError) -> None:
    assert str(error) == f"{error.address}: {error.reason}"
    assert error.reason
    assert "\n" not in str(error)


def test_a_source_may_be_closed_twice_and_yields_nothing_afterwards(peer: Peer) -> None:
    source = peer.open()
    packets = source.packets()
    assert next(packets).size
    source.close()
    source.close()
    assert list(packets) == []
    assert list(source.packets()) == []


def test_a_source_may_be_closed_while_another_thread_reads_it(peer: Peer) -> None:
    source = peer.open()
    reader = _Reader(source)
    assert reader.has_read.wait(PATIENCE_S)
    source.close()
    reader.join(PATIENCE_S)
    assert not reader.is_alive(), "the iteration ends"
    assert reader.failure is None or peer.fails_alone
    source.close()
    assert list(source.packets()) == []


def test_a_source_that_was_never_read_may_be_closed(kit: Kit) -> None:
    for source in (AvSource(str(kit.mp4)), LoopedSource(lambda: AvSource(str(kit.ts)))):
        for wrapped in (source, RealTimeSource(source), ThreadedSource(source)):
            wrapped.close()
            wrapped.close()
            assert list(wrapped.packets()) == []


class _Reader(threading.Thread):
    """Reads a source to its end and looks at the stream of each packet, as a buffer does."""

    def __init__(self, source: PacketSource) -> None:
        super().__init__(daemon=True)
        self._source = source
        self.has_read = threading.Event()
        self.failure: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            for packet in self._source.packets():
                assert packet.stream.type in {"video", "audio"}
                self.has_read.set()
        except Exception as error:  # noqa: BLE001  # whatever it is, the test shows it
            self.failure = error
