"""Whether a live stream goes on arriving as usual. Pure."""

from __future__ import annotations

from collections import deque

# A pause of this length is usual for any stream; a longer one where there was another like it of late.
LEAST_S = 0.5
# Segments of playlists are seldom longer.
SEGMENT_S = 10.0
_RECENT_S = 40.0  # "of late"
_LONGER = 1.5
# Frames are decoded some time after their packets: a pause so shortly before counts.
_SHORTLY_S = 1.0


class Continuity:
    """Distinguishes unusual pauses of a stream's packets from usual ones: playlists arrive in bursts.

    Attributes:
        known_s: how long the stream has been observed without an unusual pause.
    """

    def __init__(self, least_s: float = LEAST_S) -> None:
        """Take pauses of ``least_s`` as usual from the start."""
        self.known_s = 0.0
        self._least_s = least_s
        self._came_s: float | None = None
        self._unbroken_since_s = 0.0
        self._pauses: deque[tuple[float, float]] = deque()

    def note_arrival(self, came_s: float) -> None:
        """Note the arrival (s, monotonic) of a packet."""
        if self._came_s is None:
            self._unbroken_since_s = came_s
        else:
            pause_s = came_s - self._came_s
            if pause_s > self.usual_s:
                self._unbroken_since_s = came_s
            while self._pauses and self._pauses[0][0] < came_s - _RECENT_S:
                self._pauses.popleft()
            if pause_s > LEAST_S / 2:
                self._pauses.append((came_s, pause_s))
        self._came_s = came_s
        self.known_s = came_s - self._unbroken_since_s

    @property
    def usual_s(self) -> float:
        """The longest pause that is usual: a little longer than the second longest of late."""
        longest = sorted(pause_s for _, pause_s in self._pauses)[-2:]
        return max(self._least_s, _LONGER * longest[0]) if len(longest) == 2 else self._least_s

    @property
    def unbroken(self) -> bool:
        """Whether there was no unusual pause shortly before the newest packet."""
        return self.known_s > _SHORTLY_S
