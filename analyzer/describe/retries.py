"""Which windows are tried again after a failure, and which others come before them."""

from __future__ import annotations

from analyzer.describe.describer import DescribeError
from analyzer.describe.model_health import ModelHealth, is_transient

# A window that fails so often while others succeed is to blame itself.
MAX_ATTEMPTS = 5
# Windows that are deferred while the model fails, so that one of them cannot block the others.
_MAX_DEFERRED = 100


class Retries:
    """Counts the attempts at each window of a queue, and passes successes and failures to the health.

    Attributes:
        deferred: windows that failed while the model did; others are tried before them.
    """

    def __init__(self, health: ModelHealth) -> None:
        self._health = health
        self._attempts: dict[str, int] = {}
        self.deferred: set[str] = set()

    def succeeded(self, window_id: str) -> None:
        """Count a success: the model answers, so all that failed may be tried again."""
        self._health.succeeded()
        self.deferred.clear()
        self._attempts.pop(window_id, None)

    def failed(self, window_id: str, error: DescribeError) -> bool:
        """Count a failure; returns whether the window is to be tried again, which is then deferred."""
        attempts = self._attempts[window_id] = self._attempts.get(window_id, 0) + 1
        model_fails, transient = self._health.failed(error), is_transient(error)
        if (model_fails and transient) or (attempts < MAX_ATTEMPTS and (model_fails or transient)):
            if len(self.deferred) >= _MAX_DEFERRED:
                self.deferred.clear()
            self.deferred.add(window_id)
            return True
        del self._attempts[window_id]
        return False
