"""HTTP connections with timeouts: for a client that sends no request, or does not read its answer."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

# What the kernel may hold for a client that does not read, in addition to what is on its way: otherwise the
# live picture of a slow client would be late by megabytes.
UNSENT_BYTES = 128_000
_LOW_WATER: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)


@dataclass(frozen=True, slots=True)
class ClientTimeouts:
    """How long a client is waited for, in seconds.

    Attributes:
        request_s: until the head of a request is complete, after the first byte or the connection.
        read_s: while the client does not read what waits for it. A player that has buffered enough does not
            read either; it asks for the rest of the file again.
    """

    request_s: float = 20.0
    read_s: float = 60.0


def protocol(timeouts: ClientTimeouts) -> type[H11Protocol]:  # noqa: C901  # a class, counted as one function
    """Return uvicorn's protocol for a connection, which is closed when one of the timeouts passes."""

    class Connection(H11Protocol):
        request_timer: asyncio.TimerHandle | None = None
        read_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            super().connection_made(transport)
            _bound_unsent(transport)
            self._wait_for_request()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.conn.their_state is not h11.IDLE:
                _cancel(self.request_timer)
                self.request_timer = None
            elif data:
                self._wait_for_request()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.conn.trailing_data[0]:  # the beginning of another request came with the last one
                self._wait_for_request()

        def pause_writing(self) -> None:
            super().pause_writing()
            self.read_timer = self.loop.call_later(timeouts.read_s, self.transport.abort)

        def resume_writing(self) -> None:
            super().resume_writing()
            _cancel(self.read_timer)

        def connection_lost(self, exc: Exception | None) -> None:
            _cancel(self.request_timer)
            _cancel(self.read_timer)
            super().connection_lost(exc)

        def _wait_for_request(self) -> None:
            if self.request_timer is None:
                self.request_timer = self.loop.call_later(timeouts.request_s, self.transport.abort)

    return Connection


def _bound_unsent(transport: asyncio.Transport) -> None:
    if _LOW_WATER is not None:  # Linux, macOS
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, _LOW_WATER, UNSENT_BYTES)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
