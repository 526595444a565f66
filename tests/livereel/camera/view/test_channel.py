"""The connection over which a camera's process sends what is watched: in order, without waiting, bounded."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from livereel.camera.view.channel import MAX_BYTES, Channels, ViewChannel
from sinks.live_view import ViewKind
from tests.kit.program.live_run import LONG_S, until
from tests.kit.web.site import received


@contextmanager
def connected() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection; a channel closes the second one."""
    ours, theirs = socket.socketpair()
    ours.settimeout(LONG_S)
    with ours, theirs:
        yield ours, theirs


def test_messages_arrive_in_order() -> None:
    with connected() as (ours, theirs):
        channel = ViewChannel(theirs, "video")
        for number in range(100):
            channel.send(bytes([number]))
        while_open = b""
        while len(while_open) < 100:
            while_open += ours.recv(100)
        assert while_open == bytes(range(100))
        channel.close()
        assert received(ours) == b""


def test_it_ends_with_its_reader() -> None:
    with connected() as (ours, theirs):
        channel = ViewChannel(theirs, "video")
        ours.close()
        channel.send(b"one")
        until(lambda: not channel.is_open, "the end of the channel")
        channel.send(b"another")  # nothing happens


def test_it_ends_when_too_much_waits() -> None:
    """Whoever sends never waits; the reader gets whole messages, but for the last, and asks anew."""
    message = b"x" * 1_000_000
    with connected() as (ours, theirs):
        channel = ViewChannel(theirs, "video")
        sent = 0
        while channel.is_open:
            channel.send(message)
            sent += 1
        assert MAX_BYTES <= sent * len(message) < MAX_BYTES + 3 * len(message)
        assert len(received(ours)) < MAX_BYTES


def test_a_new_connection_replaces_the_one_before() -> None:
    channels = Channels()
    assert channels.get(ViewKind.VIDEO) is None
    with connected() as (first, its_end), connected() as (second, other_end):
        channels.open(ViewKind.VIDEO, its_end)
        channels.open(ViewKind.VIDEO, other_end)
        assert received(first) == b"", "the reader sees its end"
        channel = channels.get(ViewKind.VIDEO)
        assert channel is not None
        channel.send(b"new")
        assert second.recv(3) == b"new"
        assert channels.get(ViewKind.SOUND) is None
        channel.close()
        assert channels.get(ViewKind.VIDEO) is None
