"""Open whatever is to be watched as it happens."""

from __future__ import annotations

from stream.address import is_live
from stream.looped import LoopedSource
from stream.source import AvSource, PacketSource, RealTimeSource


def open_live(address: str, transport: str = "tcp", *, loop: bool = False) -> PacketSource:
    """Open an address; what is not live of itself is played at the speed at which it was taken.

    Raises SourceError.
    """
    if loop and not is_live(address):
        return RealTimeSource(LoopedSource(lambda: AvSource(address)))
    source = AvSource(address, transport=transport)
    return source if source.info.live else RealTimeSource(source)
