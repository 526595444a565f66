"""Video and sound for who watches live: the source's packets as fragments, as soon as they arrive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from av.packet import Packet
from av.stream import Stream

from livereel.camera.view.channel import Channels, ViewChannel
from sinks.live_view import Tag, ViewKind, packed, started
from stream.media.fragments import Fragment, Header, VideoFragments, plays_live
from stream.media.parameters import ClipParameters
from stream.media.sound_fragments import SoundFragments
from stream.media.track import codec_name
from stream.source import PacketSource
from stream.timing.timestamps import is_jump, shown_stamp

# The newest group of pictures is kept, so that a new viewer need not wait for the next; not a larger one.
MAX_GROUP_PACKETS, MAX_GROUP_BYTES = 600, 4_000_000
# Sound that is further from the video's time belongs to another timeline.
MAX_OFF_S = 10

_Push = Callable[["Packet[Stream]"], Sequence[Header | Fragment]]


@dataclass(frozen=True, slots=True)
class _Track:
    """Makes the fragments of one stream, for one channel."""

    channel: ViewChannel
    push: _Push


class PacketView:
    """Takes every packet of a source, and sends video and sound while they are watched.

    All calls come from the thread that reads the source. A failure here ends a channel, not the reading.
    """

    def __init__(self, channels: Channels, source: PacketSource) -> None:
        self._channels = channels
        self._audio = source.audio
        self._sound_codec = codec_name(source.audio) if source.audio else None
        self._parameters = ClipParameters(source.video) if plays_live(source.video) else None
        self._group: list[Packet[Stream]] = []
        self._group_bytes = 0
        self._run = 0
        self._zero_s = Fraction(0)
        self._newest_s: Fraction | None = None
        self._video: _Track | None = None
        self._sound: _Track | None = None

    def push(self, packet: Packet[Stream]) -> None:
        """Take a packet."""
        if packet.stream.type == "video":
            self._follow(packet)
            self._show(packet)
        elif self._audio is not None and packet.stream_index == self._audio.index:
            self._play(packet)

    def _follow(self, packet: Packet[Stream]) -> None:
        """Follow the video's time and its newest group of pictures; a jump begins another run."""
        stamp = packet.dts if packet.dts is not None else packet.pts
        if stamp is None:
            return
        at_s = stamp * packet.time_base
        if self._newest_s is None or is_jump(float(self._newest_s), float(at_s)):
            self._zero_s, self._group, self._video, self._sound = at_s, [], None, None
        self._newest_s = at_s
        if packet.is_keyframe:
            self._group, self._group_bytes = [packet], packet.size
        elif self._group:
            self._group.append(packet)
            self._group_bytes += packet.size
            if len(self._group) > MAX_GROUP_PACKETS or self._group_bytes > MAX_GROUP_BYTES:
                self._group = []

    def _show(self, packet: Packet[Stream]) -> None:
        channel = self._channels.get(ViewKind.VIDEO)
        if channel is None:
            self._video = None
            return
        packets = [packet]
        if self._video is None or self._video.channel is not channel:
            if self._parameters is None:
                push: _Push = _nothing
                channel.send(self._start(ViewKind.VIDEO, None))
            else:
                push, packets = VideoFragments(self._parameters, self._zero_s).push, self._group
            self._video = _Track(channel, push)
        for made in _made(self._video, packets):
            if isinstance(made, Header):
                self._run += 1
                self._sound = None  # it begins again, as the viewer's player does
                channel.send(self._start(ViewKind.VIDEO, made))
            else:
                channel.send(packed(Tag.KEY if made.key else Tag.VIDEO, made.data))

    def _play(self, packet: Packet[Stream]) -> None:
        channel = self._channels.get(ViewKind.SOUND)
        stamp = shown_stamp(packet)
        if channel is None or self._audio is None or stamp is None:
            self._sound = None
            return
        if self._newest_s is None or abs(stamp * packet.time_base - self._newest_s) > MAX_OFF_S:
            return
        if self._sound is None or self._sound.channel is not channel:
            self._sound = _Track(channel, SoundFragments(self._audio, self._zero_s).push)
        for made in _made(self._sound, [packet]):
            if isinstance(made, Header):
                channel.send(self._start(ViewKind.SOUND, made))
            else:
                channel.send(packed(Tag.SOUND, made.data))

    def _start(self, track: ViewKind, header: Header | None) -> bytes:
        about = {"sound": self._sound_codec} if track is ViewKind.VIDEO else {}
        mime, data = (header.mime, header.data) if header else (None, b"")
        return started(data, track=track, run=self._run, mime=mime, **about)


def _nothing(_: Packet[Stream]) -> Sequence[Header | Fragment]:
    return ()


def _made(track: _Track, packets: Sequence[Packet[Stream]]) -> list[Header | Fragment]:
    """What a track makes of packets; one that fails is closed, as a live view must not end the camera."""
    try:
        return [made for packet in packets for made in track.push(packet)]
    except Exception:  # noqa: BLE001  # whatever is wrong with a packet, its window is still to be analysed
        track.channel.close()
        return []
