"""A source read in a thread of its own, so that whoever takes its packets can stop at any time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from av.packet import Packet
from av.stream import Stream

from stream.source import PacketSource, SourceError

# A minute of most cameras. When it is full the reader waits, and the sender's own buffers fill.
MAX_PACKETS = 4096


class ThreadedSource:
    """A PacketSource over another one, whose reading may block for as long as it likes.

    ``stop`` ends ``packets`` within a fraction of a second, even while the other source is silent; the
    thread is a daemon and dies with its process if it cannot be woken.
    """

    def __init__(self, source: PacketSource) -> None:
        self._source = source
        self.info = source.info
        self.video = source.video
        self.audio = source.audio
        self._queue: queue.Queue[Packet[Stream] | SourceError | None] = queue.Queue(MAX_PACKETS)
        self._stopped = threading.Event()

    def packets(self) -> Iterator[Packet[Stream]]:
        """Yield the other source's packets until it ends or ``stop`` is called; raises its SourceError."""
        threading.Thread(target=self._read, name="source", daemon=True).start()
        while not self._stopped.is_set():
            try:
                item = self._queue.get(timeout=0.1)
            except queue.Empty:
                continue
            if item is None:
                return
            if isinstance(item, SourceError):
                raise item
            yield item

    def _read(self) -> None:
        try:
            for packet in self._source.packets():
                self._put(packet)
                if self._stopped.is_set():
                    return
            self._put(None)
        except SourceError as error:
            self._put(error)

    def _put(self, item: Packet[Stream] | SourceError | None) -> None:
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=0.1)
            except queue.Full:
                continue
            return

    def stop(self) -> None:
        """End ``packets`` soon. May be called from any thread, and from a signal handler."""
        self._stopped.set()

    def close(self) -> None:
        """Stop; the other source is closed by who opened it, once its thread has let go."""
        self.stop()
