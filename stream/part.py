"""A part of a file as a source of its own, read from the key packet before it.

What lies before that packet is not read where the container has an index, or timestamps to search for.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from av.packet import Packet
from av.stream import Stream

from stream.av_source import AvSource
from stream.read_guard import ReadGuard
from stream.source import PacketSource

# Sound comes in a file up to so much before the picture of its time.
SOUND_AHEAD_S = 1.0
# Steps back, tried in turn, where a seek ends at no key packet before the part.
STEPS_BACK_S = (0.0, 5.0, 20.0, 60.0)


class FilePart:
    """A PacketSource over the media time [from_s, to_s) of a file.

    Packets begin with the last key packet at or before ``from_s``: without it nothing can be decoded. The
    reader leaves out the pictures for which ``holds`` is False.

    Attributes:
        from_s, to_s: the part, in the file's media time.
        offset_s: media time of the key packet; the part's own media time counts from there.
    """

    def __init__(
        self,
        source: PacketSource,
        from_s: float = 0.0,
        to_s: float = math.inf,
        *,
        start_utc: datetime | None = None,
    ) -> None:
        """Read up to the key packet; raises SourceError.

        ``start_utc`` replaces the wall time of the file's media time 0.
        """
        self._source = source
        self.video, self.audio = source.video, source.audio
        self._packets = _passed_on(source)
        self._guard = ReadGuard(self._release)
        self._zero_s: float | None = None
        self.from_s, self.to_s = from_s, to_s
        self._held: list[Packet[Stream]] = []
        offset_s = self._seek(source) if isinstance(source, AvSource) and source.seeks else None
        self.offset_s = self._skip() if offset_s is None else offset_s
        info, whole_s = source.info, source.info.duration_s
        end_s = to_s if whole_s is None else min(to_s, whole_s)
        self.info = replace(
            info,
            start_utc=(start_utc or info.start_utc) + timedelta(seconds=self.offset_s),
            duration_s=max(0.0, end_s - self.offset_s) if math.isfinite(end_s) else None,
            end_s=info.end_s if math.isinf(to_s) else None,
        )

    @property
    def warning(self) -> str | None:
        """What the user should know of how the file is read."""
        return self._source.warning

    def holds(self, stream_s: float) -> bool:
        """Return whether the picture of this stream time belongs to the part."""
        at_s = stream_s - (self._zero_s or 0.0)
        return self.from_s - 1e-6 <= at_s < self.to_s - 1e-6

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield the part's packets; raises SourceError."""
        return self._guard.until_closed(self._read())

    def _read(self) -> Iterator[Packet[Stream]]:
        while self._held:
            yield self._held.pop(0)
        for packet in self._packets:
            at_s = self._time(packet.dts if packet.dts is not None else packet.pts, packet)
            if at_s is not None and packet.stream is self.video and at_s >= self.to_s:
                return
            yield packet

    def _seek(self, source: AvSource) -> float | None:
        """Go to the last key packet before the part; return its media time, None where it must be read up to.

        An index may be wrong, or name packets at which decoding cannot begin: then an earlier one is tried.
        """
        for packet in self._packets:
            if packet.stream is self.video and self._time(packet.pts, packet) is not None:
                break
        zero_s = self._zero_s or 0.0
        ahead_s = SOUND_AHEAD_S if self.audio else 0.0
        for back_s in STEPS_BACK_S:
            wanted_s = self.from_s - ahead_s - back_s
            if wanted_s <= 0 or not source.seek(zero_s + wanted_s):
                break
            self._packets.close()
            self._packets = _passed_on(source)
            offset_s = self._skip()
            first = next((packet for packet in self._held if packet.stream is self.video), None)
            if first is not None and first.is_keyframe and offset_s > 0:
                return offset_s
            self._held.clear()
        self._packets.close()
        source.rewind()
        self.video, self.audio = source.video, source.audio
        self._packets, self._zero_s = _passed_on(source), None
        return None

    def _skip(self) -> float:
        """Hold the packets from the last key packet before the part on; return its media time.

        That is 0 where none was met.
        """
        offset_s = 0.0
        for packet in self._packets:
            at_s = self._time(packet.pts, packet)
            if (
                packet.stream is self.video
                and packet.is_keyframe
                and at_s is not None
                and at_s <= self.from_s
            ):
                self._held = [held for held in self._held if self._sounds_with(held, at_s)]
                offset_s = at_s
            self._held.append(packet)
            if packet.stream is self.video and (at_s is None or at_s >= self.from_s):
                break
        return offset_s

    def _sounds_with(self, packet: Packet[Stream], at_s: float) -> bool:
        """Return whether a packet that came before the key packet of that media time is its sound."""
        sound_s = None if packet.stream is self.video else self._time(packet.pts, packet)
        return sound_s is not None and sound_s >= at_s - SOUND_AHEAD_S

    def _time(self, stamp: int | None, packet: Packet[Stream]) -> float | None:
        """Return the media time of a packet's stamp: time since the file's first picture."""
        if stamp is None:
            return None
        at_s = float(stamp * packet.time_base)
        if self._zero_s is None and packet.stream is self.video:
            self._zero_s = at_s
        return at_s - (self._zero_s if self._zero_s is not None else at_s)

    def close(self) -> None:
        """Close the file; a thread that reads it gets no more packets."""
        self._guard.close()

    def _release(self) -> None:
        self._held.clear()
        self._packets.close()  # begun by the thread that opened the part, which may have ended
        self._source.close()


def _passed_on(source: PacketSource) -> Generator[Packet[Stream], None, None]:
    yield from source.packets()
