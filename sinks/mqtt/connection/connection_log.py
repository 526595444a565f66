"""The log of a connection: each change once, and a connection that keeps ending as one line."""

from __future__ import annotations

import asyncio
import logging

_log = logging.getLogger(__name__)

# After this many connections in a row that the broker cut off, another client with the same id is likely.
CUT_OFFS = 3
# From then on a connection is logged once it has outlasted the other client's longest pause (60 s).
STEADY_S = 150.0


class ConnectionLog:
    """Logs changes of a connection, each once."""

    def __init__(self, where: str, client_id: str) -> None:
        """Log for the connection to ``where`` with this client id."""
        self._where = where
        self._client_id = client_id
        self._last_line = ""
        self._cut_offs = 0
        self._steady: asyncio.TimerHandle | None = None

    def log(self, level: int, what: str, trace: BaseException | None = None) -> None:
        """Log a line, unless it repeats the last one."""
        if what != self._last_line:
            self._last_line = what
            _log.log(level, "mqtt %s: %s", self._where, what, exc_info=trace)

    def connected(self) -> None:
        """Log the connection; where connections are cut off, only once it has lasted."""
        if self._cut_offs < CUT_OFFS:
            self._log_connected()
        else:
            self._steady = asyncio.get_running_loop().call_later(STEADY_S, self._log_steady)

    def _log_steady(self) -> None:
        self._steady = None
        self._cut_offs = 0
        self._log_connected()

    def _log_connected(self) -> None:
        self.log(logging.INFO, "connected")

    def lost(self, why: str, *, is_cut_off: bool = False) -> None:
        """Log that there is no connection; ``is_cut_off`` where a broker in reach ended it at once.

        After cut-offs a connection that ends before it is steady was cut off, too, only later: the other
        client makes longer pauses by now.
        """
        is_unsteady = self._steady is not None
        self._stop_waiting()
        self._cut_offs = self._cut_offs + 1 if is_cut_off or is_unsteady else 0
        if self._cut_offs < CUT_OFFS:
            self.log(logging.WARNING, f"no connection: {why}")
        else:
            self.log(
                logging.WARNING,
                f"connections end soon after they begin ({why}): is another client connecting as"
                f" {self._client_id}? Each livereel needs a client_id and a topic_prefix of its own;"
                " the pauses between attempts grow",
            )

    def failed(self, error: Exception) -> None:
        """Log an unexpected error, with its traceback, that ended the connection."""
        self._stop_waiting()
        self.log(logging.ERROR, f"no connection: {type(error).__name__}: {error}", error)

    def close(self) -> None:
        """Cancel what would still be logged."""
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._steady is not None:
            self._steady.cancel()
            self._steady = None
