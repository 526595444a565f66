"""A source read in a thread, so that its consumer can stop at any time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from av.packet import Packet
from av.stream import Stream

from stream.source import PacketSource, SourceError
from stream.timing.timestamps import shown_s

# A minute of most cameras. When the queue is full the thread waits, and the sender's own buffers fill.
MAX_PACKETS = 4096
SETTLE_S = 1.0
IDLE_S = 0.1


class ThreadedSource:
    """A PacketSource that reads another one in a thread, where it may block.

    ``stop`` ends ``packets`` within a fraction of a second, even while the other source blocks; the thread is
    a daemon and ends with its process if it cannot be woken.

    Packets that were buffered on the way come in a burst after opening. They are yielded once it is over, as
    the one with the smallest delay gives the best estimate of the stream's epoch.

    Attributes:
        behind_s: how long the packet that was taken last had waited.
        stream_epoch_utc: wall time at which the stream's own time was 0; None before the first packet.
    """

    def __init__(
        self,
        source: PacketSource,
        *,
        max_packets: int = MAX_PACKETS,
        on_packet: Callable[[Packet[Stream]], object] | None = None,
    ) -> None:
        """Read ``source``; it waits while ``max_packets`` of its packets have not been taken.

        ``on_packet`` is called with each packet as soon as it has arrived, in the thread.
        """
        self._source = source
        self._on_packet = on_packet
        self.info = source.info
        self.video = source.video
        self.audio = source.audio
        self.behind_s = 0.0
        self.stream_epoch_utc: datetime | None = None
        self._first_s: float | None = None
        self._queue: queue.Queue[tuple[Packet[Stream] | SourceError | None, float]] = queue.Queue(max_packets)
        self._stopped = threading.Event()

    @property
    def warning(self) -> str | None:
        """What the user should know about how the other source is read; None while there is nothing."""
        return self._source.warning

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield the other source's packets until it ends or ``stop`` is called; raises its SourceError."""
        return (packet for packet in self.arriving() if packet is not None)

    def arriving(self) -> Iterator[Packet[Stream] | None]:
        """Yield packets as ``packets`` does, and None whenever none has come for IDLE_S."""
        threading.Thread(target=self._read, name="source", daemon=True).start()
        while not self._stopped.is_set():
            try:
                item, came_s = self._queue.get(timeout=IDLE_S)
            except queue.Empty:
                self.behind_s = 0.0
                yield None
                continue
            self._stopped.wait(max(0.0, (self._first_s or came_s) + SETTLE_S - time.monotonic()))
            self.behind_s = time.monotonic() - came_s
            if item is None:
                return
            if isinstance(item, SourceError):
                raise item
            yield item

    def _read(self) -> None:
        try:
            for packet in self._source.packets():
                if self._on_packet is not None:
                    self._on_packet(packet)
                self._put(packet)
                if self._stopped.is_set():
                    return
            self._put(None)
        except SourceError as error:
            self._put(error)

    def _put(self, item: Packet[Stream] | SourceError | None) -> None:
        came_s = time.monotonic()
        self._first_s = self._first_s or came_s
        if isinstance(item, Packet) and came_s <= self._first_s + SETTLE_S:
            self._settle(item)
        while not self._stopped.is_set():
            try:
                self._queue.put((item, came_s), timeout=0.1)
            except queue.Full:
                continue
            return

    def _settle(self, packet: Packet[Stream]) -> None:
        at_s = shown_s(packet)
        if packet.stream.type == "video" and at_s is not None:
            stream_epoch_utc = datetime.now(UTC) - timedelta(seconds=at_s)
            self.stream_epoch_utc = min(self.stream_epoch_utc or stream_epoch_utc, stream_epoch_utc)

    def now(self) -> datetime:
        """Return when the packet that was taken last arrived."""
        return datetime.now(UTC) - timedelta(seconds=self.behind_s)

    @property
    def stopped(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """End ``packets`` soon. May be called from any thread, and from a signal handler."""
        self._stopped.set()

    def close(self) -> None:
        """Stop; the other source is closed by who opened it, once its thread has let go."""
        self.stop()
