"""A source in a thread: its packets, its failure, and that it can be stopped while it is silent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from av.packet import Packet
from av.stream import Stream

from stream.av_source import AvSource
from stream.source import SourceError
from stream.threaded import ThreadedSource
from tests.kit.films.scene import scene

SOON_S = 20.0


class Scripted(AvSource):
    """A file that may fail behind its last packet, or go silent there until it is let go."""

    def __init__(self, path: Path, *, fails: bool = False, hangs: bool = False) -> None:
        super().__init__(str(path))
        self._fails = fails
        self._hangs = hangs
        self.released = threading.Event()
        self.read = 0

    def packets(self) -> Iterator[Packet[Stream]]:
        for packet in super().packets():
            self.read += 1
            yield packet
        if self._hangs:
            assert self.released.wait(SOON_S)
        if self._fails:
            raise SourceError("film", "the cable is cut", retryable=True)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return scene(tmp_path / "film.mp4", seconds=2)


def test_packets_come_through_in_their_order(film: Path) -> None:
    source = ThreadedSource(Scripted(film))
    assert source.info.codec == "h264"
    packets = list(source.packets())
    times = [packet.dts for packet in packets if packet.dts is not None]
    assert len(packets) == 20
    assert times == sorted(times)


def test_the_other_sources_failure_is_raised_behind_its_packets(film: Path) -> None:
    source = ThreadedSource(Scripted(film, fails=True))
    found: list[Packet[Stream]] = []
    with pytest.raises(SourceError, match="the cable is cut") as caught:
        found.extend(source.packets())
    assert len(found) == 20
    assert caught.value.retryable


def test_a_silent_source_can_be_stopped_from_another_thread(film: Path) -> None:
    inner = Scripted(film, hangs=True)
    source = ThreadedSource(inner)
    threading.Timer(1.5, source.stop).start()
    assert len(list(source.packets())) == 20
    assert source.stopped
    inner.released.set()


def test_closing_stops_too(film: Path) -> None:
    source = ThreadedSource(Scripted(film))
    source.close()
    source.close()
    assert not list(source.packets())


def test_a_slow_reader_makes_the_other_source_wait(film: Path) -> None:
    inner = Scripted(film)
    source = ThreadedSource(inner, max_packets=4)
    packets = source.packets()
    next(packets)
    assert inner.read <= 6, "one taken, four waiting, one on its way"
    assert 1 + len(list(packets)) == 20


def test_it_records_when_stream_time_was_zero_and_when_packets_came(film: Path) -> None:
    before = datetime.now(UTC)
    source = ThreadedSource(Scripted(film))
    packets = list(source.packets())
    assert source.stream_epoch_utc is not None
    # The newest of a burst is the most exact: two seconds of film came at once, so it began two seconds ago.
    assert (
        timedelta(0)
        <= source.stream_epoch_utc - (before - timedelta(seconds=1.9))
        < timedelta(seconds=SOON_S)
    )
    assert source.behind_s > 0, "the burst was waited for"
    assert before <= source.now() <= datetime.now(UTC)
    assert packets
