"""The pauses between attempts at an operation that keeps failing."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before each further attempt.

    Attributes:
        pauses_s: after the first failure in a row, the second, and so on; the last one repeats.
        spread: up to this share of a pause, 0 to 1, is taken off at random, so that clients which fail
            together do not try again at the same moment.
    """

    pauses_s: tuple[float, ...]
    spread: float = 0.0

    @classmethod
    def doubling(cls, first_s: float, longest_s: float, *, spread: float = 0.0) -> Backoff:
        """Return pauses that double from the first to the longest."""
        pauses_s = [first_s]
        while pauses_s[-1] < longest_s:
            pauses_s.append(min(2.0 * pauses_s[-1], longest_s))
        return cls(tuple(pauses_s), spread)

    @property
    def longest_s(self) -> float:
        """The pause that repeats, in seconds."""
        return self.pauses_s[-1]

    def pause_s(self, failures: int) -> float:
        """Return the pause after so many failures in a row, 1 or more, in seconds."""
        pause_s = self.pauses_s[min(failures, len(self.pauses_s)) - 1]
        return pause_s * random.uniform(1.0 - self.spread, 1.0)  # noqa: S311  # nothing secret
