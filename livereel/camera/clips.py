"""Where clips come from: the file itself, or the rolling buffer."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Protocol

from av.packet import Packet
from av.stream import Stream

from analyzer.signal.window import Clip
from stream.buffer import MAX_BYTES, PacketBuffer
from stream.frames.decoder import MAX_HELD
from stream.media.clip import write_clip
from stream.media.parameters import ClipParameters
from stream.source import PacketSource
from stream.spool import Spool

# A packet is needed until its window closes, and its frame comes later: a decoder reorders up to 16 frames,
# and MAX_HELD packets are decoded together.
_SLACK_S = 5.0
_SLACK_FRAMES = 16 + MAX_HELD
# What a spool may hold: more than a window of any camera's film.
_SPOOLED_BYTES = 4_000_000_000
# Refused packets that are remembered: more than a window of most cameras holds.
MAX_REFUSED = 512


class Clipper(Protocol):
    """Takes the packets of a source, and makes the clip of a window from them."""

    @property
    def dropped(self) -> int:
        """Packets that did not fit, so far."""
        ...

    def push(self, packet: Packet[Stream]) -> None:
        """Take a packet."""
        ...

    def discard(self, packet: Packet[Stream]) -> None:
        """Leave out a packet that was taken: the decoder refuses it."""
        ...

    def start_over(self, at_s: float | None) -> None:
        """Begin an epoch at stream time ``at_s``: no clip may reach from before it to after it.

        With None it begins with the next packet.
        """
        ...

    def clip(self, name: str, media_start_s: float, start_s: float, end_s: float) -> Clip | None:
        """Return the clip of media time [start_s, end_s); media time 0 is stream time ``media_start_s``."""
        ...


class NoClips:
    """For a scan: there are no clips."""

    dropped = 0

    def push(self, packet: Packet[Stream]) -> None:
        """Do nothing."""

    def discard(self, packet: Packet[Stream]) -> None:
        """Do nothing."""

    def start_over(self, at_s: float | None) -> None:
        """Do nothing."""

    def clip(self, name: str, media_start_s: float, start_s: float, end_s: float) -> Clip | None:  # noqa: ARG002  # the seam's
        """Return None."""
        return None


class FileClips(NoClips):
    """For a file with an index: the file itself is the clip of every window, and nothing is written."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def clip(self, name: str, media_start_s: float, start_s: float, end_s: float) -> Clip | None:  # noqa: ARG002  # the seam's
        """Return the file."""
        return Clip(self._file, 0.0)


class BufferClips:
    """For all other sources: clips are cut from the rolling buffer, without re-encoding."""

    def __init__(
        self, source: PacketSource, folder: Path, keep_s: float, *, spool: Spool | None = None
    ) -> None:
        """Write clips into ``folder``.

        With ``spool`` the video waits on the disk: of a film, whose bit rate may be high, all is wanted.
        """
        self._source = source
        self._spool = spool
        self._parameters = ClipParameters(source.video)
        self._folder = folder
        self._buffer = PacketBuffer(
            # The buffer counts at most a second per packet.
            keep_s + max(_SLACK_S, _SLACK_FRAMES / max(1.0, source.info.fps or _SLACK_FRAMES)),
            MAX_BYTES if spool is None else _SPOOLED_BYTES,
        )
        self._refused: deque[tuple[int | None, int | None]] = deque(maxlen=MAX_REFUSED)

    @property
    def dropped(self) -> int:
        """Packets that the buffer's byte cap has dropped."""
        return self._buffer.dropped

    def push(self, packet: Packet[Stream]) -> None:
        """Buffer it; raises OSError where the spool cannot take it."""
        spooled = self._spool is not None and packet.stream_index == self._source.video.index
        self._buffer.push(self._spool.keep(packet) if self._spool and spooled else packet)

    def discard(self, packet: Packet[Stream]) -> None:
        """Leave the packet out of clips: a browser stops playing at it."""
        self._refused.append((packet.pts, packet.dts))

    def start_over(self, at_s: float | None) -> None:
        """Drop the packets before the new epoch; some of its own were taken already, before their frames."""
        self._buffer.start_over(at_s)

    def clip(self, name: str, media_start_s: float, start_s: float, end_s: float) -> Clip | None:
        """Write the clip; return None when the buffer holds nothing of that time. Raises MediaError."""
        cut = self._buffer.cut(media_start_s + start_s, media_start_s + end_s)
        if cut is None:
            return None
        path = self._folder / f"{name}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        packets = [p for p in cut.packets if p.stream.type != "video" or (p.pts, p.dts) not in self._refused]
        template = self._parameters.of([p for p in packets if p.stream.type == "video"])
        written = write_clip(path, template, self._source.audio, packets)
        return Clip(path, written.first_s - media_start_s)
