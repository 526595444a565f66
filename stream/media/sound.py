"""Decode and resample audio, and encode it as AAC at exact positions of a track."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Audio of shape (channels, samples), -1.0 to 1.0."""

# Sampling rates that AAC has an index for, ISO/IEC 14496-3 table 1.18.
AAC_RATES_HZ = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_BITS_PER_S_AND_CHANNEL = 64_000
# Timestamps of audio jitter by less than this (RTP, Matroska's milliseconds); more is a hole or an overlap.
_JITTER_S = 0.03
_SILENCE_CHUNK = 48_000


class SoundDecoder:
    """Decodes packets of one stream to samples of one rate and layout, with their stream time."""

    def __init__(self, context: AudioCodecContext, *, rate_hz: int, layout: str, at_once: int = 0) -> None:
        """Decode by ``context``, which is reset.

        With ``at_once``, so many samples are yielded at a time, fewer only before a hole and at the end: each
        piece costs as much as many more samples in it would.
        """
        self._context = context
        self._rate_hz = rate_hz
        self._layout = layout
        self._at_once = at_once or None
        self._form: tuple[str, str, int] | None = None
        self._resampler: AudioResampler | None = None
        self._end_s: float | None = None  # of what was decoded so far
        context.flush_buffers()

    def decode(self, packet: Packet[Stream] | None) -> Iterator[tuple[Fraction, Samples]]:
        """Yield samples with the stream time (s) of the first; with None, the last ones of the decoder.

        A damaged packet yields none.
        """
        for frame in self._frames(packet):
            form = (frame.format.name, frame.layout.name, frame.sample_rate)
            if form != self._form or not self._follows(frame):
                yield from self._resampled(None)
                self._form = form
                self._resampler = AudioResampler("fltp", self._layout, self._rate_hz, self._at_once)
            yield from self._resampled(frame)
        if packet is None:
            yield from self._resampled(None)

    def _follows(self, frame: AudioFrame) -> bool:
        """Whether a frame begins where the one before it has ended: samples over a hole are not joined."""
        at_s, end_s = frame.time or 0.0, self._end_s
        self._end_s = at_s + frame.samples / frame.sample_rate
        return end_s is None or abs(at_s - end_s) <= _JITTER_S

    def _frames(self, packet: Packet[Stream] | None) -> list[AudioFrame]:
        try:
            frames = self._context.decode(packet)
        except av.error.FFmpegError:  # audio decoders raise various errors for damaged packets
            return []
        return [frame for frame in frames if frame.samples and frame.pts is not None]

    def _resampled(self, frame: AudioFrame | None) -> Iterator[tuple[Fraction, Samples]]:
        for out in self._resampler.resample(frame) if self._resampler else ():
            if out is not None and out.pts is not None and out.time_base is not None:
                samples = out.to_ndarray().astype(np.float32, copy=False)
                yield out.pts * out.time_base, samples


class AacTrack:
    """An AAC track to which samples are written at exact positions, in order; holes become silence."""

    def __init__(
        self,
        out: OutputContainer,
        *,
        rate_hz: int,
        layout: str,
        write: Callable[[Sequence[Packet[AudioStream]]], object] | None = None,
    ) -> None:
        """Add the track to ``out``; its packets are written there, or passed to ``write``."""
        self._write_packets = write or out.mux
        self._stream = out.add_stream("aac", rate=rate_hz)
        self._stream.codec_context.layout = layout
        self._stream.codec_context.bit_rate = _BITS_PER_S_AND_CHANNEL * self._stream.codec_context.channels
        self.rate_hz = rate_hz
        self.end = 0
        """Samples written so far."""

    def write(self, samples: Samples, at: int) -> None:
        """Write samples, the first of them at position ``at``.

        Deviations within the jitter of timestamps are ignored; samples before the end of the track are cut.
        """
        gap = at - self.end
        if gap > _JITTER_S * self.rate_hz:
            self.fill(at)
        elif gap < -_JITTER_S * self.rate_hz or self.end == 0:
            samples = samples[:, max(0, -gap) :]
        self._encode(samples)

    def fill(self, to: int) -> None:
        """Write silence up to ``to``."""
        channels = self._stream.codec_context.channels
        while self.end < to:
            self._encode(np.zeros((channels, min(_SILENCE_CHUNK, to - self.end)), np.float32))

    def finish(self) -> None:
        """Write what the encoder still holds; nothing can be written after it."""
        self._write_packets(self._stream.encode(None))

    def _encode(self, samples: Samples) -> None:
        if not samples.shape[1]:
            return
        frame = AudioFrame.from_ndarray(
            np.ascontiguousarray(samples), format="fltp", layout=self._stream.codec_context.layout.name
        )
        frame.sample_rate = self.rate_hz
        frame.time_base = Fraction(1, self.rate_hz)
        frame.pts = self.end
        self.end += samples.shape[1]
        self._write_packets(self._stream.encode(frame))


class ReelSound:
    """The audio of one segment after the other, in sync with its video; silence where there is none.

    Audio that is decoded before the position of its video is known is buffered; files and decoders bound how
    much that is.
    """

    RATE_HZ = 48_000

    def __init__(self, out: OutputContainer) -> None:
        self._track = AacTrack(out, rate_hz=self.RATE_HZ, layout="stereo")
        self._decoder: SoundDecoder | None = None
        self._waiting: deque[tuple[int, Samples]] = deque()

    def open(self, stream: AudioStream | None) -> None:
        """Begin a segment whose audio comes from this stream."""
        self._waiting.clear()
        self._decoder = (
            SoundDecoder(stream.codec_context, rate_hz=self.RATE_HZ, layout="stereo") if stream else None
        )

    def push(self, packet: Packet[Stream] | None) -> None:
        """Take the segment's next audio packet; None after the last one."""
        if self._decoder:
            for at_s, samples in self._decoder.decode(packet):
                self._waiting.append((round(at_s * self.RATE_HZ), samples))

    def advance(self, shift_s: Fraction, to_s: Fraction) -> None:
        """Write the audio before ``to_s`` of the reel.

        Args:
            shift_s: from the stream's time to the reel's.
            to_s: all before it is written; audio that comes later is cut.
        """
        end = round(to_s * self.RATE_HZ)
        shift = round(shift_s * self.RATE_HZ)
        if self._decoder is None:
            self._track.fill(end)
        while self._waiting and self._waiting[0][0] + shift < end:
            at, samples = self._waiting.popleft()
            room = end - (at + shift)
            self._track.write(samples[:, :room], at + shift)
            if room < samples.shape[1]:
                self._waiting.appendleft((at + room, samples[:, room:]))

    def close(self, shift_s: Fraction, to_s: Fraction) -> None:
        """End the segment at ``to_s`` of the reel."""
        self.push(None)
        self.advance(shift_s, to_s)
        self._track.fill(round(to_s * self.RATE_HZ))

    def finish(self) -> None:
        """Write what the encoder still holds; no segment can follow."""
        self._track.finish()
