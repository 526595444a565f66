"""What every source owes to who reads it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice, pairwise

from stream.source import PacketSource


def check_packet_source(make: Callable[[], PacketSource], limit: int | None = None) -> None:
    """Read a source to its end, or so many packets where it has none, and close it twice."""
    source = make()
    packets = list(islice(source.packets(), limit))
    streams = {source.video.index} | ({source.audio.index} if source.audio else set())
    assert packets
    assert all(packet.size for packet in packets)
    assert {packet.stream_index for packet in packets} == streams
    assert (source.warning or "x").strip(), "a warning says something"
    if source.info.live:
        assert source.info.file is None
        assert source.info.duration_s is None
        times = [packet.dts for packet in packets if packet.stream is source.video]
        assert all(a is not None and b is not None and a < b for a, b in pairwise(times))
    source.close()
    source.close()
