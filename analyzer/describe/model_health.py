"""Back-off: how much a model may be asked, by its recent successes and failures."""

from __future__ import annotations

import logging
from collections.abc import Callable

from analyzer.describe.budget import Budget
from analyzer.describe.describer import DescribeError, RefusedError
from base.backoff import Backoff

log = logging.getLogger(__name__)

# After so many failures in a row the model is down: one window at a time is tried.
_FAILURES_TO_DOWN = 3
# After so many windows in a row that failed for reasons of their own, the model is to blame.
_UNFIT_TO_DOWN = 10
# Requests that may fail in a minute, per request in flight; then none is made for a while.
_FAILURES_PER_MINUTE = 4


class ModelHealth:
    """Reduces the requests to a model that fails, and increases them again while it succeeds."""

    def __init__(
        self,
        max_in_flight: int,
        backoff: Backoff,
        now_s: Callable[[], float],
        *,
        task: str = "describe",
    ) -> None:
        """Permit up to ``max_in_flight`` requests; lines of the log begin with ``task``."""
        self._task = task
        self._max_in_flight = max_in_flight
        self._backoff = backoff
        self._now_s = now_s
        self._in_flight = min(4, max_in_flight)
        self._failures = 0
        self._unfit = 0
        self._resume_s = 0.0
        self._reason = ""  # of the last failure
        # Whatever else is decided, no more than this fails.
        self._budget = Budget(float(max(60, _FAILURES_PER_MINUTE * max_in_flight)), 60.0, now_s)

    @property
    def is_down(self) -> bool:
        """Whether the model has failed again and again since it last answered, or refuses."""
        return self._failures >= _FAILURES_TO_DOWN

    @property
    def reason(self) -> str | None:
        """Why the model is down; None while it is not."""
        return self._reason if self.is_down else None

    @property
    def max_in_flight(self) -> int:
        """How many requests may be made at a time."""
        return 1 if self.is_down else self._in_flight

    def pause_s(self) -> float:
        """Return the seconds until the next request may be made, 0 or less if it may be made now."""
        return max(self._resume_s - self._now_s(), self._budget.wait_s())

    def succeeded(self) -> None:
        """Count a success."""
        if self.is_down:
            log.info("%s: the model answers again", self._task)
        self._failures = self._unfit = 0
        self._reason = ""
        self._in_flight = min(self._max_in_flight, self._in_flight + 1)

    def failed(self, error: DescribeError) -> bool:
        """Count a failure; returns whether the model is to blame rather than the window."""
        self._budget.spend(1.0)
        transient = is_transient(error)
        self._unfit += not transient
        to_blame = self._failures > 0 if transient else self._unfit >= _UNFIT_TO_DOWN
        if transient or to_blame:
            self._back_off(error)
        return to_blame

    def _back_off(self, error: DescribeError) -> None:
        """Halve the requests and pause; log each new reason, and that the model is down, once."""
        was_down, reason = self.is_down, str(error)
        known, self._reason = reason == self._reason, reason
        self._failures += 1
        if not error.retryable:  # refused, or all windows fail alike: further requests are useless
            self._failures = max(self._failures, _FAILURES_TO_DOWN)
        if self.is_down and not was_down:
            log.warning("%s: the model does not answer: %s; windows wait", self._task, reason)
        elif not known:
            log.warning("%s: %s; the window waits", self._task, reason)
        self._in_flight = max(1, self._in_flight // 2)
        pause_s = max(self._backoff.pause_s(self._failures), error.retry_after_s)
        self._resume_s = max(self._resume_s, self._now_s() + pause_s)


def is_transient(error: DescribeError) -> bool:
    """Whether the same window may succeed later: after a while, or once the account is in order."""
    return error.retryable or isinstance(error, RefusedError)
