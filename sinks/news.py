"""What the log tells of a connection: each change once, and of one that comes and goes, only that it does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

log = logging.getLogger(__name__)

# Two clients with one name end each other's connections as fast as they come back.
SHORT_S = 5.0
FLAPS = 3


class News:
    """Told all that happens to a connection; logs what is new."""

    def __init__(self, where: str, client_id: str, now_s: Callable[[], float]) -> None:
        """Tell of the connection to ``where``, on which we are ``client_id``."""
        self._where = where
        self._client_id = client_id
        self._now_s = now_s
        self._said = ""
        self._since_s: float | None = None
        self._short = 0
        self._steady: asyncio.TimerHandle | None = None

    def say(self, level: int, what: str, trace: BaseException | None = None) -> None:
        """Log it, unless it is what was said last."""
        if what != self._said:
            self._said = what
            log.log(level, "mqtt %s: %s", self._where, what, exc_info=trace)

    def connected(self) -> None:
        self._since_s = self._now_s()
        if self._short < FLAPS:
            self._say_connected()
        else:
            self._steady = asyncio.get_running_loop().call_later(SHORT_S, self._say_connected)

    def _say_connected(self) -> None:
        self.say(logging.INFO, "connected")

    def lost(self, why: str) -> None:
        """There is no connection, or no more."""
        if self._steady is not None:
            self._steady.cancel()
        if self._since_s is not None:
            self._short = self._short + 1 if self._now_s() - self._since_s < SHORT_S else 0
            self._since_s = None
        if self._short < FLAPS:
            self.say(logging.WARNING, f"no connection: {why}")
        else:
            self.say(
                logging.WARNING,
                f"connections end as soon as they begin: is another client there named {self._client_id}?"
                " Each livereel needs a client_id and a topic_prefix of its own",
            )

    def failed(self, error: Exception) -> None:
        """The connection ended by a fault that nobody has foreseen; another is tried all the same."""
        if self._steady is not None:
            self._steady.cancel()
        self._since_s = None
        self.say(logging.ERROR, f"no connection: {type(error).__name__}: {error}", error)

    def close(self) -> None:
        """There is nothing more to tell."""
        if self._steady is not None:
            self._steady.cancel()
