"""The sound of one epoch: packets in, the sound of its windows out."""

from __future__ import annotations

from collections import deque

from av.audio.stream import AudioStream
from av.packet import Packet
from av.stream import Stream

from analyzer.signal.settings import WindowSettings
from analyzer.signal.sound.blocks import BLOCK_S, RATE_HZ, Samples
from analyzer.signal.sound.meter import SoundMeter
from analyzer.signal.sound.pictures import NearestPictures, with_sound
from analyzer.signal.windower import MeasuredWindow
from stream.frames.frame import Frame
from stream.media.sound import SoundDecoder

# Sound is measured in pieces of so many blocks: of shorter ones most of the cost is that of the calls.
_BLOCKS_AT_ONCE = 2
# Audio may be this far behind video in a container; a window waits so long for the end of its sound.
MAX_BEHIND_S = 1.0
# Of a microphone that has been off for longer, no sound is waited for.
_OFF_S = 3.0
# Pieces of audio that are kept until the first frame says where media time begins.
_MOST_EARLY = 256


class EpochSound:
    """Decodes and measures the audio of one connection, if it has any."""

    def __init__(self, audio: AudioStream | None, settings: WindowSettings) -> None:
        """Measure ``audio``; None where there is none, or none is wanted."""
        self._decoder = sound_decoder(audio) if audio else None
        self._pictures = NearestPictures(settings.keyframe_px)
        self._meter = SoundMeter(settings.sound, self._pictures.want)
        self._speech_counts = bool(settings.sound.speech_counts)
        self._early: deque[tuple[float, Samples]] = deque(maxlen=_MOST_EARLY)
        self._media_start_s: float | None = None

    @property
    def is_off(self) -> bool:
        """Whether no sound is measured."""
        return self._decoder is None

    def begin(self, media_start_s: float) -> None:
        """Begin media time at this stream time."""
        self._media_start_s = media_start_s
        while self._early:
            self._push(*self._early.popleft())

    def decode(self, packet: Packet[Stream] | None, *, speech: bool = True) -> None:
        """Measure the next packet of audio; None measures what the decoder still holds.

        Without ``speech`` none is looked for in what this packet completes.
        """
        if self._decoder is None:
            return
        for stream_s, samples in self._decoder.decode(packet):
            self._push(float(stream_s), samples[0], speech=speech)

    def _push(self, stream_s: float, samples: Samples, *, speech: bool = True) -> None:
        if self._media_start_s is None:
            self._early.append((stream_s, samples))
        else:
            self._meter.push(stream_s - self._media_start_s, samples, speech=speech)

    def push_frame(self, frame: Frame) -> None:
        """Take a frame, of which a picture may be wanted."""
        if self._decoder is not None:
            self._pictures.push(frame)

    def awaits(self, end_s: float, seen_s: float) -> bool:
        """Whether sound before this media time may still come, when video was seen up to ``seen_s``."""
        measured_s = self._meter.measured_s
        missing = self._decoder is not None and measured_s < end_s + BLOCK_S
        return missing and end_s - measured_s < _OFF_S and seen_s - end_s < MAX_BEHIND_S

    def complete(self, measured: MeasuredWindow) -> MeasuredWindow:
        """Return a window with its sound, and with pictures of its peaks."""
        if self._decoder is None:
            return measured
        sound = self._meter.close(measured.start_s, measured.end_s)
        return with_sound(measured, sound, self._pictures, speech_counts=self._speech_counts)


def sound_decoder(audio: AudioStream) -> SoundDecoder:
    """Return what decodes the sound of a camera for measuring."""
    at_once = round(_BLOCKS_AT_ONCE * BLOCK_S * RATE_HZ)
    return SoundDecoder(audio.codec_context, rate_hz=RATE_HZ, layout="mono", at_once=at_once)
