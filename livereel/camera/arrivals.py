"""Arrival of live packets: when they came, and which are skipped when decoding falls behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from av.packet import Packet
from av.stream import Stream

# What gives way first when decoding is late by so much: speech, then all sound, then frames, which skip to a
# key packet. Each is taken up again with what is fresh.
NO_SPEECH_BEHIND_S = 2.0
NO_SOUND_BEHIND_S = 3.5
MAX_BEHIND_S = 5.0
FRESH_S = 0.5


class Arrivals(Protocol):
    """Packets of a live source with the time of their arrival.

    Attributes:
        behind_s: how long the packet that was taken last had waited.
        stream_epoch_utc: wall time at which the stream's own time was 0, by the arrival of its first packets;
            None before them.
    """

    behind_s: float
    stream_epoch_utc: datetime | None

    def now(self) -> datetime:
        """Return when the packet that was taken last arrived; the present while no packet waits."""
        ...

    def arriving(self) -> Iterator[Packet[Stream] | None]:
        """Yield the source's packets, and None whenever none has come for a moment."""
        ...


class Overload:
    """Decides for each packet whether it is skipped; decoding resumes with a key packet, as it must."""

    def __init__(self, max_behind_s: float = MAX_BEHIND_S) -> None:
        """Skip from this delay on."""
        self._max_behind_s = max_behind_s
        self._skipping = False

    def skips(self, *, keyframe: bool, behind_s: float) -> bool:
        """Whether to skip a packet that has waited ``behind_s`` since it arrived."""
        if self._skipping:
            self._skipping = not (keyframe and behind_s <= FRESH_S)
        else:
            self._skipping = behind_s > self._max_behind_s
        return self._skipping
