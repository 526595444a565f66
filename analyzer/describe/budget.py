"""A budget of windows or tokens per period of time."""

from __future__ import annotations

from collections.abc import Callable


class Budget:
    """An amount per period, which accumulates for one period at most; None is no limit."""

    def __init__(self, amount: float | None, period_s: float, now_s: Callable[[], float]) -> None:
        self._amount = amount
        self._period_s = period_s
        self._now_s = now_s
        self._left = amount or 0.0
        self._at_s = now_s()

    @property
    def share(self) -> float:
        """Share of the amount that is left, 0 to 1."""
        return 1.0 if self._amount is None else self._refreshed() / self._amount

    def spend(self, cost: float) -> None:
        """Spend an amount, even more than is left: then nothing is left for a longer time."""
        if self._amount is not None:
            self._left = self._refreshed() - cost

    def wait_s(self) -> float:
        """Return the seconds until something is left, 0 if there is."""
        if self._amount is None or self._refreshed() > 0.0:
            return 0.0
        return (1e-3 - self._left) / self._amount * self._period_s

    def _refreshed(self) -> float:
        now_s = self._now_s()
        earned = (now_s - self._at_s) / self._period_s * (self._amount or 0.0)
        self._left = min(self._amount or 0.0, self._left + earned)
        self._at_s = now_s
        return self._left
