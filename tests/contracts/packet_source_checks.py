"""What the packets of every source must be, for sources that a test opens itself."""

from __future__ import annotations

from itertools import islice, pairwise

from av.packet import Packet
from av.stream import Stream

from stream.source import PacketSource


def check_packets(source: PacketSource, limit: int | None = None) -> None:
    """Read an open source to its end, or so many packets where it has none, and check all of them."""
    packets = list(islice(source.packets(), limit))
    streams: list[Stream] = [source.video] if source.audio is None else [source.video, source.audio]
    assert packets
    assert all(packet.size for packet in packets), "no packet is empty"
    assert {packet.stream_index for packet in packets} == {stream.index for stream in streams}
    for stream in streams:
        times = _decoded_at(packets, stream)
        assert len(times) >= 2
        assert all(a < b for a, b in pairwise(times)), "decode times are monotonic"
    first = next(packet for packet in packets if packet.stream_index == source.video.index)
    assert first.is_keyframe or source.info.live, "a file begins where decoding can begin"
    assert source.info.codec == source.video.codec_context.name
    assert (source.warning or "x").strip(), "a warning has a text"
    if source.info.live:
        assert source.info.file is None
        assert source.info.duration_s is None


def _decoded_at(packets: list[Packet[Stream]], stream: Stream) -> list[int]:
    return [
        packet.dts for packet in packets if packet.stream_index == stream.index and packet.dts is not None
    ]
