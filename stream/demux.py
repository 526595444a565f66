"""Yield the packets of an open container, continuing after damaged data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice

import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from stream.codec.random_access import Finder, access
from stream.source import SourceError

# FFmpeg returns EAGAIN after each 64 kB of data in a transport stream that it cannot parse. After this many
# in a row the source counts as failed.
_MAX_TRIES = 10_000
# Between two packets, containers put less than this: headers, tables and, in transport streams, stuffing.
_MAX_OVERHEAD_BYTES = {"matroska,webm": 4096, "mpegts": 16_384}
_DEFAULT_FPS = 25
# Packets that are read before the first of them is decoded.
_AHEAD = 8


def demuxed(container: InputContainer, streams: Sequence[Stream]) -> Iterator[Packet[Stream]]:
    """Yield the packets of these streams, never an empty one; raises what PyAV raises.

    A bare stream of video has no timestamps: its packets get decoding times by its frame rate. Video packets
    are marked where decoding can begin, whatever the container's flag.
    """
    chosen = {stream.index for stream in streams}
    videos = [stream for stream in streams if isinstance(stream, VideoStream)]
    numbers = {stream.index: _Numbers(stream) for stream in videos}
    finders = {stream.index: Finder(stream) for stream in videos}
    losses = _Losses(container)
    for packet in _retried(container):
        lost = losses.before(packet)
        if packet.stream_index not in chosen or not packet.size:
            continue
        if packet.stream_index in numbers:
            numbers[packet.stream_index].stamp(packet)
            finders[packet.stream_index].mark(packet, after_loss=lost)
            if lost:
                losses.acknowledge()
        yield packet


def read_ahead(packets: Iterator[Packet[Stream]]) -> Iterator[Packet[Stream]]:
    """Yield the packets of a file, a few of which are read at once.

    Decoding a large frame evicts everything else from the processor's caches, so that reading several packets
    in a row costs much less than reading each after the decoding of the one before. A SourceError is raised
    when the packets before it have been yielded.
    """
    while True:
        ahead: list[Packet[Stream]] = []
        failure: SourceError | None = None
        try:
            for packet in islice(packets, _AHEAD):
                ahead.append(packet)  # noqa: PERF402  # an error leaves those that were read before it
        except SourceError as error:
            failure = error
        yield from ahead
        if failure is not None:
            raise failure
        if len(ahead) < _AHEAD:
            return


def follows_loss(packet: Packet[Stream]) -> bool:
    """Whether packets before this one, or a part of it, were lost in the container."""
    return packet.is_corrupt or access(packet).after_loss


def _retried(container: InputContainer) -> Iterator[Packet[Stream]]:
    tries = 0
    while True:
        try:
            for packet in container.demux():
                tries = 0
                yield packet
        except av.error.BlockingIOError:
            tries += 1
            if tries > _MAX_TRIES:
                raise
        except IndexError:
            return  # at the end, PyAV counts the streams again, and fails on those that appeared later
        else:
            return


class _Numbers:
    """Gives packets without a timestamp one by their number."""

    def __init__(self, stream: VideoStream) -> None:
        self._timed = bool(stream.start_time)
        self._rate: Fraction | int = stream.average_rate or stream.guessed_rate or _DEFAULT_FPS
        self._count = 0

    def stamp(self, packet: Packet[Stream]) -> None:
        if self._timed or packet.pts is not None or packet.dts is not None:
            self._timed = True
            return
        packet.dts = round(self._count / (self._rate * packet.time_base))
        self._count += 1


class _Losses:
    """Finds where the demuxer has skipped data that it could not parse.

    In some containers it does so without an error, but leaves more bytes between two packets than headers
    take.
    """

    def __init__(self, container: InputContainer) -> None:
        self._overhead_bytes = _MAX_OVERHEAD_BYTES.get(container.format.name)
        self._end: int | None = None
        self._lost = False

    def before(self, packet: Packet[Stream]) -> bool:
        """Whether there was a loss since the last call of ``acknowledge``; to be called for every packet."""
        if self._overhead_bytes is not None and packet.pos is not None and packet.size:
            self._lost |= self._end is not None and packet.pos - self._end > self._overhead_bytes
            self._end = max(self._end or 0, packet.pos + packet.size)
        return self._lost

    def acknowledge(self) -> None:
        """Reset the loss, which was reported."""
        self._lost = False
