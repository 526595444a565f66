"""Where clips come from: the file itself, or the rolling buffer."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Protocol

from av.packet import Packet
from av.stream import Stream

from analyzer.signal.window import Clip
from stream.buffer import PacketBuffer
from stream.frames.decoder import MAX_HELD
from stream.media.clip import write_clip
from stream.media.parameters import ClipParameters
from stream.source import PacketSource

# Packets wait in the buffer while the decoder still holds their frames, and until a window is closed: a
# decoder puts up to 16 frames in order, and as many wait to be handed out together.
_SLACK_S = 5.0
_SLACK_FRAMES = 16 + MAX_HELD
# Of the packets that no decoder takes so many are remembered: more than a window holds of most cameras.
MAX_REFUSED = 512


class Clipper(Protocol):
    """Keeps what passes and hands out the part that a window covers.

    Attributes:
        dropped: packets that there was no room for, so far.
    """

    @property
    def dropped(self) -> int: ...

    def push(self, packet: Packet[Stream]) -> None:
        """See a packet pass."""
        ...

    def forget(self, packet: Packet[Stream]) -> None:
        """No decoder takes this packet, which has passed."""
        ...

    def start_over(self, at_s: float | None) -> None:
        """Begin anew with the picture of stream time ``at_s``: it must not be joined to what was.

        With None the next picture to come is the first.
        """
        ...

    def clip(self, name: str, media_start_s: float, start_s: float, end_s: float) -> Clip | None:
        """Return the clip of media time [start_s, end_s), which begins at stream time media_start_s."""
        ...


class NoClips:
    """For a scan: no moving pictures are kept."""

    dropped = 0

    def push(self, packet: Packet[Stream]) -> None:
        """Let it pass."""

    def forget(self, packet: Packet[Stream]) -> None:
        """Nothing is kept."""

    def start_over(self, at_s: float | None) -> None:
        """Nothing is kept."""

    def clip(self, name: str, media_start_s: float, start_s: float, end_s: float) -> Clip | None:  # noqa: ARG002  # the seam's
        """There is none."""
        return None


class FileClips(NoClips):
    """For a file with an index: the file is its own clip, and nothing is written."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def clip(self, name: str, media_start_s: float, start_s: float, end_s: float) -> Clip | None:  # noqa: ARG002  # the seam's
        """Return the whole file."""
        return Clip(self._file, 0.0)


class BufferClips:
    """For everything else: cut from the rolling buffer into a file, without re-encoding."""

    def __init__(self, source: PacketSource, folder: Path, keep_s: float) -> None:
        self._source = source
        self._parameters = ClipParameters(source.video)
        self._folder = folder
        self._buffer = PacketBuffer(
            # The buffer counts a second for a packet at most.
            keep_s + max(_SLACK_S, _SLACK_FRAMES / max(1.0, source.info.fps or _SLACK_FRAMES))
        )
        self._refused: deque[tuple[int | None, int | None]] = deque(maxlen=MAX_REFUSED)

    @property
    def dropped(self) -> int:
        """Packets that the buffer's limit in bytes has cost."""
        return self._buffer.dropped

    def push(self, packet: Packet[Stream]) -> None:
        """Buffer it."""
        self._buffer.push(packet)

    def forget(self, packet: Packet[Stream]) -> None:
        """Leave it out: a browser stops playing where it meets such a packet."""
        self._refused.append((packet.pts, packet.dts))

    def start_over(self, at_s: float | None) -> None:
        """Keep what has come of the new epoch: packets are here before their pictures."""
        self._buffer.start_over(at_s)

    def clip(self, name: str, media_start_s: float, start_s: float, end_s: float) -> Clip | None:
        """Write the clip; None when the buffer holds nothing of that time. Raises MediaError."""
        cut = self._buffer.cut(media_start_s + start_s, media_start_s + end_s)
        if cut is None:
            return None
        path = self._folder / f"{name}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        packets = [p for p in cut.packets if p.stream.type != "video" or (p.pts, p.dts) not in self._refused]
        template = self._parameters.of([p for p in packets if p.stream.type == "video"])
        written = write_clip(path, template, self._source.audio, packets)
        return Clip(path, written.first_s - media_start_s)
