"""Long films in the dark: steady noise of several kinds, minute by minute, and one crash."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame

from tests.kit.sound import made
from tests.kit.sound.film import SIZE, dark

_RATE_HZ = 8_000  # G.711, which costs little to encode
_CHUNK = 1_600

Minute = Callable[[int], made.Samples]
"""Returns a minute of sound by its number."""


def _hum(minute: int) -> made.Samples:
    return made.fan(60, seed=minute)


def _white(minute: int) -> made.Samples:
    return made.coloured(60, slope=0.0, seed=minute)


def _pink(minute: int) -> made.Samples:
    return made.coloured(60, slope=0.5, seed=minute)


def _brown(minute: int) -> made.Samples:
    return made.coloured(60, slope=1.0, seed=minute)


def _swelling(minute: int) -> made.Samples:
    return made.swelling(_pink(minute), period_s=60, swing_db=4)


def _turning(minute: int) -> made.Samples:
    """A fan that turns from side to side, every six seconds."""
    return made.swelling(_hum(minute), period_s=6, swing_db=3)


@cache
def _crowd(seed: int) -> made.Samples:
    return made.murmur(60, -45, seed=seed)


def _murmur(minute: int) -> made.Samples:
    return _crowd(1 + 20 * (minute % 3))


KINDS: dict[str, Minute] = {
    "hum": _hum,
    "white": _white,
    "pink": _pink,
    "brown": _brown,
    "swelling": _swelling,
    "turning": _turning,
    "crowd": _murmur,
}


def film(path: Path, kind: str, minutes: int, crash_s: float | None, level_db: float = -15.0) -> Path:
    """Write a dark film of one picture a second with this noise, and a crash in it."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=1, options={"preset": "ultrafast", "g": "10"})
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        audio = out.add_stream("pcm_mulaw", rate=_RATE_HZ)
        assert isinstance(audio, AudioStream)
        audio.codec_context.layout = "mono"
        for minute in range(minutes):
            sound = KINDS[kind](minute)
            if crash_s is not None and 0 <= crash_s - 60 * minute < 60:
                sound = made.mixed(sound, (crash_s - 60 * minute, made.crash(level_db)))
            samples = np.round(sound[:: made.RATE_HZ // _RATE_HZ] * 32767).astype(np.int16)
            for first in range(0, len(samples), _CHUNK):
                at = 60 * minute * _RATE_HZ + first
                if at % _RATE_HZ == 0:
                    picture = VideoFrame.from_ndarray(dark(0.0), "gray").reformat(format="yuv420p")
                    picture.pts, picture.time_base = at // _RATE_HZ, Fraction(1, 1)
                    out.mux(video.encode(picture))
                piece = AudioFrame.from_ndarray(samples[None, first : first + _CHUNK], "s16", "mono")
                piece.sample_rate, piece.pts, piece.time_base = _RATE_HZ, at, Fraction(1, _RATE_HZ)
                out.mux(audio.encode(piece))
        out.mux(video.encode(None))
        out.mux(audio.encode(None))
    return path
