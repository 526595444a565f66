"""What the log tells of a connection: each change once, and of one that comes and goes, only that it does."""

from __future__ import annotations

import asyncio
import logging

_log = logging.getLogger(__name__)

# After so many connections in a row that the broker has cut off, another client with our id is likely.
CUT_OFFS = 3
# From then on a connection counts once it has lasted longer than another client's longest pause (60 s).
STEADY_S = 150.0


class ConnectionLog:
    """Told all that happens to a connection; logs what is new."""

    def __init__(self, where: str, client_id: str) -> None:
        """Tell of the connection to ``where``, on which we are ``client_id``."""
        self._where = where
        self._client_id = client_id
        self._last_line = ""
        self._cut_offs = 0
        self._steady: asyncio.TimerHandle | None = None

    def log(self, level: int, what: str, trace: BaseException | None = None) -> None:
        """Log it, unless it is what was said last."""
        if what != self._last_line:
            self._last_line = what
            _log.log(level, "mqtt %s: %s", self._where, what, exc_info=trace)

    def connected(self) -> None:
        """Log the connection; where connections are cut off, only once it has lasted."""
        if self._cut_offs < CUT_OFFS:
            self._log_connected()
        else:
            self._steady = asyncio.get_running_loop().call_later(STEADY_S, self._log_connected)

    def _log_connected(self) -> None:
        self.log(logging.INFO, "connected")

    def lost(self, why: str, *, is_cut_off: bool = False) -> None:
        """Log that there is no connection; ``is_cut_off`` where a broker in reach ended it at once."""
        if self._steady is not None:
            self._steady.cancel()
        self._cut_offs = self._cut_offs + 1 if is_cut_off else 0
        if self._cut_offs < CUT_OFFS:
            self.log(logging.WARNING, f"no connection: {why}")
        else:
            self.log(
                logging.WARNING,
                f"connections end soon after they begin ({why}): is another client there named"
                f" {self._client_id}? Each livereel needs a client_id and a topic_prefix of its own;"
                " the pauses between attempts grow",
            )

    def failed(self, error: Exception) -> None:
        """The connection ended by a fault that nobody has foreseen; another is tried all the same."""
        if self._steady is not None:
            self._steady.cancel()
        self.log(logging.ERROR, f"no connection: {type(error).__name__}: {error}", error)

    def close(self) -> None:
        """There is nothing more to tell."""
        if self._steady is not None:
            self._steady.cancel()
