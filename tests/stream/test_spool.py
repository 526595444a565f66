"""Packets whose bytes wait on the disk."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest

from stream.av_source import AvSource
from stream.codec.random_access import access
from stream.spool import Spool, SpooledPacket, in_memory
from tests.kit.films.numbered import film

PACKETS = 60


@pytest.fixture
def source(tmp_path: Path) -> AvSource:
    return AvSource(str(film(tmp_path / "film.ts", seconds=PACKETS // 10, fps=10, container="mpegts")))


def test_a_packet_is_read_back_as_it_was(source: AvSource, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    with source:
        packets = list(source.packets())
        spooled = [spool.keep(packet) for packet in packets]
        assert [bytes(it) for it in spooled] == [bytes(it) for it in packets]
        assert [bytes(in_memory(it)) for it in spooled] == [bytes(it) for it in packets]
        for before, kept in zip(packets, spooled, strict=True):
            for name in ("pts", "dts", "duration", "time_base", "size", "stream", "is_keyframe"):
                assert getattr(kept, name) == getattr(before, name)
            assert access(kept) == access(before)
    assert list((tmp_path / "spool").iterdir()) == [], "nothing is left, however the program ends"


def test_space_is_given_back_with_the_packets_in_it(source: AvSource, tmp_path: Path) -> None:
    spool, newest = Spool(tmp_path, piece_bytes=1), deque[SpooledPacket](maxlen=4)  # a file for each packet
    with source:
        before = len(list(Path("/proc/self/fd").iterdir()))
        for packet in source.packets():
            newest.append(spool.keep(packet))
        assert len(newest) == 4
        assert len(list(Path("/proc/self/fd").iterdir())) - before == len(newest)


def test_a_disk_that_is_not_there_is_an_error_with_its_name(source: AvSource, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with source, pytest.raises(OSError, match="file/spool"):
        Spool(tmp_path / "file" / "spool").keep(next(source.packets()))
