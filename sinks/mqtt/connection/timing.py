"""Timeouts of a broker's connection, and the pauses between attempts to connect."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things may take, in seconds.

    Attributes:
        first_retry_s, max_retry_s: pauses between attempts to connect grow from one to the other.
        answer_s: a broker that takes longer to answer is given up, and its connection closed.
        finish_s: what closing spends on messages that are still unsent.
        announce_s: all states are sent again within this time after Home Assistant has started.
        short_s: a connection that the broker ends sooner than this lengthens the pause before the next.
    """

    first_retry_s: float = 1.0
    max_retry_s: float = 60.0
    answer_s: float = 10.0
    finish_s: float = 1.0
    announce_s: float = 3.0
    short_s: float = 10.0


class Backoff:
    """Pauses between attempts: they double, and vary so that two clients do not stay in step."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._next_s = timing.first_retry_s

    def pause_s(self) -> float:
        """Return the pause before the next attempt, in seconds."""
        pause_s = self._next_s
        self._next_s = min(self._timing.max_retry_s, pause_s * 2)
        return pause_s * random.uniform(0.75, 1.0)  # noqa: S311  # nothing secret

    def reset(self) -> None:
        """Start over with the shortest pause."""
        self._next_s = self._timing.first_retry_s
