"""A TCP connection with a fault: a proxy that can be cut, frozen and slowed."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHUNK_BYTES = 16_384
_TICK_S = 0.02


class Cable:
    """Passes bytes between its own port and another one, with the faults that a test sets.

    Attributes:
        port: where to connect to.
        connections: taken so far.
        bytes_per_s: at most so many from the server to the client, in all; None is as many as come.
    """

    def __init__(self, to_port: int) -> None:
        self._to = ("127.0.0.1", to_port)
        self._listener: socket.socket | None = None
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._frozen = False
        self._closed = False
        self._allowance = 0.0
        self.bytes_per_s: float | None = None
        self.connections = 0
        self.port = 0
        self.mend()
        self._thread = threading.Thread(target=self._run, name="cable", daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """Break all connections, and refuse new ones."""
        with self._lock:
            if self._listener is not None:
                self._selector.unregister(self._listener)
                self._listener.close()
                self._listener = None
            for end in list(self._pairs):
                self._drop(end)

    def mend(self) -> None:
        """Take connections again, on the same port, and pass everything on."""
        with self._lock:
            self._frozen = False
            if self._listener is None:
                self._listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
                self._listener.setblocking(False)
                self.port = self._listener.getsockname()[1]
                self._selector.register(self._listener, selectors.EVENT_READ)

    def freeze(self) -> None:
        """Take connections and keep the old ones, but pass nothing on."""
        self._frozen = True

    def close(self) -> None:
        """Break all and stop."""
        self.cut()
        self._closed = True
        self._thread.join()
        self._selector.close()

    def _run(self) -> None:
        while not self._closed:
            time.sleep(_TICK_S)
            self._allowance = (self.bytes_per_s or 0.0) * _TICK_S
            with self._lock:
                ready = self._selector.select(0) if self._selector.get_map() else []
                for key, _ in ready:
                    end = key.fileobj
                    assert isinstance(end, socket.socket)  # all that was registered
                    if end is self._listener:
                        self._accept(end)
                    elif not self._frozen and end in self._pairs:
                        self._pass(end)

    def _accept(self, listener: socket.socket) -> None:
        client, _ = listener.accept()
        self.connections += 1
        try:
            server = socket.create_connection(self._to, timeout=1)
        except OSError:
            client.close()
            return
        for end, other in ((client, server), (server, client)):
            end.settimeout(5)
            self._pairs[end] = other
            self._selector.register(end, selectors.EVENT_READ)

    def _pass(self, end: socket.socket) -> None:
        size = _CHUNK_BYTES * 4
        if self.bytes_per_s is not None:
            size = int(min(size, self._allowance))
            if size <= 0:
                return
            self._allowance -= size
        try:
            data = end.recv(size)
            self._pairs[end].sendall(data)
        except OSError:
            data = b""
        if not data:
            self._drop(end)

    def _drop(self, end: socket.socket) -> None:
        other = self._pairs.pop(end, None)
        if other is None:
            return
        self._pairs.pop(other, None)
        for gone in (end, other):
            with suppress(KeyError):
                self._selector.unregister(gone)
            gone.close()


@contextmanager
def cable(to_port: int) -> Iterator[Cable]:
    """A cable to a port of this machine."""
    line = Cable(to_port)
    try:
        yield line
    finally:
        line.close()
