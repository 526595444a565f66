"""At which packets decoding can begin, and from which frame on it is complete.

The container's flag is not enough. Recovery points of an intra refresh are flagged although many more
packets are needed; HEVC's recovery points, and I-frames of many AVI files, are not flagged at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from stream.codec import h264, hevc
from stream.spool import HeldPacket
from stream.timing.timestamps import shown_stamp

# Start codes of a picture in MPEG-4 part 2 (vop_start_code) and MPEG-1/2 (picture_start_code).
_VOP, _PICTURE = b"\0\0\1\xb6", b"\0\0\1\0"
# What precedes a packet's first slice is seldom longer.
_HEAD_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Access:
    """What is known about a packet besides its timestamps.

    Attributes:
        lead: how many counted frames must follow before one is complete, for a decoder that begins here: 0
            where its own is; None where decoding cannot begin here.
        counts: whether it is one of the frames that ``lead`` of an earlier packet counts.
        after_loss: the container has lost packets before it.
        extradata: codec parameters that have replaced the stream's own since it was opened, where the
            container carries them outside its packets (FLV); None before that, and where ``lead`` is None.
        continues: it holds further slices of the picture of the packet before: FFmpeg splits a picture where
            parameter sets are repeated between its slices, as some cameras do.
    """

    lead: int | None
    counts: bool = True
    after_loss: bool = False
    extradata: bytes | None = None
    continues: bool = False


_CONTINUES = Access(None, counts=False, continues=True)

_Reader = Callable[[memoryview], Access | None]


class Finder:
    """Finds the random access points of one stream by its packets' content, where the codec is known."""

    def __init__(self, stream: VideoStream) -> None:
        context = stream.codec_context
        name = context.codec.canonical_name
        self._always = context.codec.intra_only
        self._read = _reader(name, context.extradata)
        self._extradata: bytes | None = None

    @property
    def reads(self) -> bool:
        """Whether the packets' content is parsed; otherwise the container's flag is used."""
        return self._always or self._read is not None

    def mark(self, packet: Packet[Stream], *, after_loss: bool = False) -> None:
        """Set the packet's ``is_keyframe``, and note what ``access`` returns."""
        # An object for each packet: PyAV releases a shared one with the first of its packets.
        found = self._find(packet)
        starts = packet.is_keyframe = found.lead is not None
        if starts and packet.has_sidedata("new_extradata"):
            self._extradata = bytes(packet.get_sidedata("new_extradata"))
        if after_loss or (starts and self._extradata):
            found = replace(found, after_loss=after_loss, extradata=self._extradata if starts else None)
        packet.opaque = found

    def _find(self, packet: Packet[Stream]) -> Access:
        if self._always:
            return Access(0)
        if self._read is not None and packet.size:
            data = memoryview(packet)
            for head in (data[:_HEAD_BYTES], data):
                found = self._read(head)
                if found is not None:
                    return found
        return Access(0 if packet.is_keyframe else None)


def marked(packets: Iterable[Packet[Stream]], finder: Finder, index: int) -> Iterator[Packet[Stream]]:
    """Yield the packets, those of the video stream ``index`` marked."""
    for packet in packets:
        if packet.stream_index == index and packet.size:
            finder.mark(packet)
        yield packet


def access(packet: HeldPacket) -> Access:
    """What was noted of a packet; for one that was not marked, by its flag."""
    noted = packet.opaque
    return noted if isinstance(noted, Access) else Access(0 if packet.is_keyframe else None)


class Start:
    """Decoding that begins at a random access point, followed until the first complete frame is known.

    Attributes:
        complete: presentation time, in ticks, of the first frame from which on all are complete; None as
            long as it is not known, or where the packets have no times.
    """

    def __init__(self, packet: HeldPacket) -> None:
        self._left = access(packet).lead or 0
        self._latest = shown_stamp(packet)
        self.complete = None if self._left else self._latest

    @property
    def waits(self) -> bool:
        """Whether more packets are needed to know ``complete``."""
        return self._left > 0

    def push(self, packet: HeldPacket) -> None:
        """Take the stream's next packet, in decoding order."""
        if not self._left:
            return
        stamp = shown_stamp(packet)
        if stamp is not None:
            self._latest = max(stamp, self._latest or stamp)
        self._left -= access(packet).counts
        if not self._left:
            self.complete = self._latest


def _reader(codec: str, extradata: bytes | None) -> _Reader | None:
    match codec:
        case "h264":
            return partial(_h264, length_bytes=h264.length_bytes(extradata))
        case "hevc":
            return partial(_hevc, length_bytes=hevc.length_bytes(extradata))
        case "mpeg4":
            return _mpeg4
        case "mpeg1video" | "mpeg2video":
            return _mpeg12
        case "msmpeg4v2" | "msmpeg4v3" | "wmv1":
            return _msmpeg4
    return None


def _h264(data: memoryview, length_bytes: int) -> Access | None:
    head = h264.head(data, length_bytes)
    if head is None or not head.first:
        return None if head is None else replace(_CONTINUES)
    # Without a message an I-frame of an open GOP is complete, too, and only what it leads is not.
    lead = 0 if head.idr else head.recovery
    return Access(lead, counts=head.reference) if lead is not None or not head.intra else None


def _hevc(data: memoryview, length_bytes: int) -> Access | None:
    head = hevc.head(data, length_bytes)
    if head is None or not head.first:
        return None if head is None else replace(_CONTINUES)
    return Access(0 if head.irap else head.recovery)


def _mpeg4(data: memoryview) -> Access | None:
    return _picture_type(data, _VOP, 0, lambda byte: byte >> 6 == 0)  # vop_coding_type: I


def _mpeg12(data: memoryview) -> Access | None:
    return _picture_type(data, _PICTURE, 1, lambda byte: byte >> 3 & 7 == 1)  # picture_coding_type: I


def _msmpeg4(data: memoryview) -> Access | None:
    return Access(0 if data[0] >> 6 == 0 else None)  # two bits of picture type come first


def _picture_type(data: memoryview, code: bytes, offset: int, intra: Callable[[int], bool]) -> Access | None:
    """Read the type ``offset`` bytes after the first start code ``code``; None where there is none."""
    head = bytes(data)
    at = head.find(code)
    at += len(code) + offset
    if at < len(code) + offset or at >= len(head):
        return None
    return Access(0 if intra(head[at]) else None)
