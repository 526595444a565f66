"""Films with given sound: dark and still, or any pictures."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from tests.kit.sound.made import RATE_HZ, Samples

SIZE = (160, 120)
Grey = NDArray[np.uint8]
_CHUNK = 1024


def dark(_: float) -> Grey:
    """A picture in which nothing is to be seen, of shape (height, width)."""
    return np.full(SIZE[::-1], 16, np.uint8)


def film_with_sound(
    path: Path, sound: Samples, *, fps: int = 5, codec: str = "aac", picture: Callable[[float], Grey] = dark
) -> Path:
    """Write a film as long as its sound; ``picture`` draws what is shown at a time (s)."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "g": str(fps)})
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        audio = out.add_stream(codec, rate=8_000 if codec == "pcm_mulaw" else RATE_HZ)
        assert isinstance(audio, AudioStream)
        audio.codec_context.layout = "mono"
        written = 0
        for nth in range(round(len(sound) / RATE_HZ * fps)):
            while written <= nth / fps * RATE_HZ and written < len(sound):
                out.mux(audio.encode(_piece(sound, written, audio)))
                written += _CHUNK
            frame = VideoFrame.from_ndarray(picture(nth / fps), "gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = nth, Fraction(1, fps)
            out.mux(video.encode(frame))
        while written < len(sound):
            out.mux(audio.encode(_piece(sound, written, audio)))
            written += _CHUNK
        out.mux(video.encode(None))
        out.mux(audio.encode(None))
    return path


def _piece(sound: Samples, first: int, audio: AudioStream) -> AudioFrame:
    samples = sound[first : first + _CHUNK]
    kind = audio.codec_context.format.name
    if kind == "s16":
        half = np.round(samples[::2] * 32767).astype(np.int16)  # 8 kHz; the sounds have little above 4 kHz
        frame = AudioFrame.from_ndarray(half[None, :], "s16", "mono")
        frame.sample_rate, frame.pts = 8_000, first // 2
    else:
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples[None, :]), "fltp", "mono")
        frame.sample_rate, frame.pts = RATE_HZ, first
    frame.time_base = Fraction(1, frame.sample_rate)
    return frame
