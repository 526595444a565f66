"""Sound as fragmented MP4 for live playing: AAC is copied, other codecs are encoded as AAC."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.packet import Packet
from av.stream import Stream

from stream.media.fragments import HEADER_OPTIONS, Fragment, Header, Sample, fragment, header
from stream.media.sound import AAC_RATES_HZ, AacTrack, SoundDecoder
from stream.media.track import add_copy, codec_name
from stream.timing.timestamps import shown_stamp

# A fragment holds so much sound: less would be more work, more would be late.
_FRAGMENT_S = 0.1
# Times of packets jitter by less than this; in a player each difference is a click.
_JITTER_S = 0.03
_FRAME = 1024  # samples of an AAC frame
# Encoding rates: wide enough for telephone codecs, whose frames would be late at 8 kHz; all others.
_NARROW_HZ, _WIDE_HZ = 16_000, 48_000
_ADTS_BYTES = 7  # of its header


class SoundFragments:
    """Makes fragments of a tenth of a second of a stream's packets; its own decoder is not used."""

    def __init__(self, audio: AudioStream, zero_s: Fraction) -> None:
        """Take packets of ``audio``; stream time ``zero_s`` is 0."""
        self._audio = audio
        self._zero_s = zero_s
        self._maker: _Maker | None = None
        self._samples: list[Sample] = []
        self._number = 0

    def push(self, packet: Packet[Stream]) -> list[Header | Fragment]:
        """Take the next packet; return the header before the first fragment, and a fragment if one is full.

        Sound that cannot be decoded gives neither.
        """
        made: list[Header | Fragment] = []
        stamp = shown_stamp(packet)
        if stamp is None:
            return made
        if self._maker is None:
            self._maker = _maker(self._audio, bytes(packet))
            begun = self._maker.header()
            made += [begun] if begun else []
        rate_hz = self._maker.rate_hz
        at = round((stamp * packet.time_base - self._zero_s) * rate_hz)
        if at >= 0:
            self._samples += self._maker.samples(packet, at)
        if self._samples and _length(self._samples) >= _FRAGMENT_S * rate_hz:
            self._number += 1
            made.append(fragment(self._number, self._samples))
            self._samples = []
        return made


def _length(samples: Sequence[Sample]) -> int:
    return samples[-1].decode_at + samples[-1].duration - samples[0].decode_at


class _Maker(Protocol):
    rate_hz: int

    def header(self) -> Header | None: ...
    def samples(self, packet: Packet[Stream], at: int) -> list[Sample]: ...


def _maker(audio: AudioStream, first: bytes) -> _Maker:
    if codec_name(audio) == "aac":
        config = audio.codec_context.extradata or _config_of_adts(first)
        if config is not None:
            return _Copy(audio, config, adts=_is_adts(first))
    return _Encode(audio)


def _is_adts(packet: bytes) -> bool:
    return len(packet) > _ADTS_BYTES and packet[0] == 0xFF and packet[1] & 0xF6 == 0xF0


def _config_of_adts(packet: bytes) -> bytes | None:
    """The AudioSpecificConfig that an ADTS header stands for; None where it has channels of its own."""
    channels = (packet[2] & 1) << 2 | packet[3] >> 6 if _is_adts(packet) else 0
    if not channels:
        return None
    kind, rate = (packet[2] >> 6) + 1, packet[2] >> 2 & 15
    return (kind << 11 | rate << 7 | channels << 3).to_bytes(2, "big")


class _Copy:
    """AAC as it comes, at steady times; ADTS headers are removed."""

    def __init__(self, audio: AudioStream, config: bytes, *, adts: bool) -> None:
        self._audio = audio
        self._config = config
        self._adts = adts
        # With spectral band replication the stream states twice the rate at which frames are counted.
        index = int.from_bytes(config[:2], "big") >> 7 & 15
        self.rate_hz = AAC_RATES_HZ[index] if index < len(AAC_RATES_HZ) else audio.rate
        self._next = 0

    def header(self) -> Header | None:
        out = io.BytesIO()
        with av.open(out, "w", format="mp4", options=HEADER_OPTIONS) as container:
            context = add_copy(container, self._audio).codec_context
            context.extradata, context.sample_rate = self._config, self.rate_hz
            container.start_encoding()
            return header(out.getvalue(), "audio")

    def samples(self, packet: Packet[Stream], at: int) -> list[Sample]:
        data = bytes(packet)
        if self._adts:
            data = data[_ADTS_BYTES + 2 * (not data[1] & 1) :]  # two bytes more where there is a checksum
        if at < self._next - _JITTER_S * self.rate_hz:
            return []  # it overlaps what came before
        begin = self._next if at - self._next <= _JITTER_S * self.rate_hz else at
        self._next = begin + _FRAME
        return [Sample(begin, begin, _FRAME, key=True, data=data)]


class _Encode:
    """Any other codec, decoded and encoded as AAC."""

    def __init__(self, audio: AudioStream) -> None:
        self.rate_hz = _NARROW_HZ if audio.rate <= _NARROW_HZ else _WIDE_HZ
        layout = "mono" if audio.channels == 1 else "stereo"
        self._decoder = SoundDecoder(_own_decoder(audio), rate_hz=self.rate_hz, layout=layout)
        self._bytes = io.BytesIO()
        self._encoded: list[Packet[AudioStream]] = []
        out = av.open(self._bytes, "w", format="mp4", options=HEADER_OPTIONS)
        self._track = AacTrack(out, rate_hz=self.rate_hz, layout=layout, write=self._encoded.extend)
        out.start_encoding()

    def header(self) -> Header | None:
        return header(self._bytes.getvalue(), "audio")

    def samples(self, packet: Packet[Stream], at: int) -> list[Sample]:
        zero_s = (shown_stamp(packet) or 0) * packet.time_base - Fraction(at, self.rate_hz)
        for at_s, sound in self._decoder.decode(packet):
            begin = max(0, round((at_s - zero_s) * self.rate_hz))
            if begin - self._track.end > self.rate_hz:
                self._track.end = begin  # no silence is made for a pause, or before the first sample
            self._track.write(sound, begin)
        encoded, self._encoded[:] = self._encoded[:], []
        return [
            Sample(it.pts, it.pts, _FRAME, key=True, data=bytes(it))
            for it in encoded
            if it.pts is not None and it.pts >= 0
        ]


def _own_decoder(audio: AudioStream) -> AudioCodecContext:
    """A decoder with the stream's parameters; the stream's own serves clips, in another thread."""
    context = CodecContext.create(audio.codec_context.name, "r")
    if not isinstance(context, AudioCodecContext):
        raise TypeError(f"{audio.codec_context.name} is no audio codec")
    context.sample_rate, context.layout = audio.rate, audio.layout
    context.extradata = audio.codec_context.extradata
    return context
