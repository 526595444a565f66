"""A connection from a camera's process to the main process for each kind of data that is watched live.

The main process opens it for the first viewer and closes it after the last one. It is not the pipe of the
reports: what is watched must not delay them.
"""

from __future__ import annotations

import socket
import threading
from collections import deque

from sinks.live_view import ViewKind

# Some seconds of most cameras; the main process has not read for so long.
MAX_BYTES = 8_000_000


class ViewChannel:
    """Sends messages in a thread, so that who makes them never waits.

    When MAX_BYTES wait it closes itself, and the main process opens another one, which begins anew.

    Attributes:
        is_open: whether there is a viewer.
    """

    def __init__(self, connection: socket.socket, name: str) -> None:
        """Send over ``connection``, which the channel closes."""
        self._connection = connection
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self.is_open = True
        threading.Thread(target=self._send_all, name=name, daemon=True).start()

    def send(self, message: bytes) -> None:
        """Send a message soon; on a closed channel, do nothing."""
        with self._changed:
            if not self.is_open:
                return
            self._waiting.append(message)
            self._bytes += len(message)
            if self._bytes > MAX_BYTES:
                self.is_open = False
            self._changed.notify()

    def close(self) -> None:
        """End it; what waits is dropped."""
        with self._changed:
            self.is_open = False
            self._changed.notify()

    def _send_all(self) -> None:
        with self._connection:
            while (message := self._next()) is not None:
                try:
                    self._connection.sendall(message)
                except OSError:  # the main process has closed its end
                    self.close()
        self._waiting.clear()

    def _next(self) -> bytes | None:
        with self._changed:
            while self.is_open and not self._waiting:
                self._changed.wait()
            if not self.is_open:
                return None
            message = self._waiting.popleft()
            self._bytes -= len(message)
            return message


class Channels:
    """The channels of one camera, by what they carry; used by several threads."""

    def __init__(self) -> None:
        self._channels: dict[ViewKind, ViewChannel] = {}

    def open(self, kind: ViewKind, connection: socket.socket) -> None:
        """Send what is of this kind over a connection from now on, in place of an earlier one."""
        before = self._channels.get(kind)
        self._channels[kind] = ViewChannel(connection, f"view {kind}")
        if before is not None:
            before.close()

    def get(self, kind: ViewKind) -> ViewChannel | None:
        """Return the channel of a kind; None without a viewer."""
        channel = self._channels.get(kind)
        return channel if channel is not None and channel.is_open else None
