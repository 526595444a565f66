"""Whether a stream's clock runs faster or slower than the local one. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median

BLOCK_S = 2.0
# A smaller error of the rate is left to MediaClock.
MIN_RATE = 0.005
# Numbers of blocks over which it is measured, the shortest first: short spans exclude a burst at the start,
# and playlists, whose packets come in bursts some seconds apart, need long ones.
SPANS = (5, 10, 20, 40, 80, 160)
# Arrival is known no more exactly than the longest pause between packets.
_PAUSES = 2.0
# The share of the drift that each half of the span must have: a single step is not a rate.
_EACH_HALF = 0.25


@dataclass(frozen=True, slots=True)
class Drifted:
    """A difference of the rates of arrival and stream time.

    Attributes:
        rate: seconds gained per second of stream time; negative where the stream's clock is fast.
        since_s: the stream time from which on it was measured.
    """

    rate: float
    since_s: float


@dataclass(slots=True)
class _Block:
    """Packets of about BLOCK_S. Packets are delayed on their way, never early: the earliest counts."""

    begun_s: float
    first_s: float  # the first packet's stream time
    stream_s: float
    delay_s: float
    pause_s: float  # the longest before one of its packets


class Drift:
    """Compares stream time with arrival time, block by block.

    A rate is reported only where it grows evenly, over 10 s at least, and exceeds what pauses between
    packets could explain: bursts, jitter and stalls are not rates.
    """

    def __init__(self) -> None:
        self._blocks: deque[_Block] = deque(maxlen=SPANS[-1] + 2)
        self._came_s: float | None = None

    def note_arrival(self, stream_s: float, came_s: float) -> Drifted | None:
        """Note the arrival of a packet (s, monotonic); return the drift once it is certain."""
        pause_s = 0.0 if self._came_s is None else came_s - self._came_s
        self._came_s = came_s
        delay_s = came_s - stream_s
        block = self._blocks[-1] if self._blocks else None
        if block is not None and came_s - block.begun_s < BLOCK_S:
            block.pause_s = max(block.pause_s, pause_s)
            if delay_s <= block.delay_s:
                block.stream_s, block.delay_s = stream_s, delay_s
            return None
        found = self._measure()
        self._blocks.append(_Block(came_s, stream_s, stream_s, delay_s, pause_s))
        return found

    def _measure(self) -> Drifted | None:
        blocks = list(self._blocks)
        for count in SPANS:
            if len(blocks) <= count:
                return None
            found = _drift(blocks[-count - 1 :])
            if found is not None:
                return found
        return None


def _drift(blocks: list[_Block]) -> Drifted | None:
    first, middle, last = blocks[0], blocks[len(blocks) // 2], blocks[-1]
    gained_s, span_s = last.delay_s - first.delay_s, last.stream_s - first.stream_s
    pause_s = median(block.pause_s for block in blocks)
    if span_s <= 0 or abs(gained_s) < max(MIN_RATE * span_s, _PAUSES * pause_s):
        return None
    halves = ((middle.delay_s - first.delay_s) / gained_s, (last.delay_s - middle.delay_s) / gained_s)
    return Drifted(gained_s / span_s, first.first_s) if min(halves) >= _EACH_HALF else None
