"""Media that tests make themselves: pictures that carry their number, sound that beeps with a flash."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]

SIZE = (192, 128)
BEEP_S = 0.05
FASTEST = {"preset": "ultrafast"}
_BITS = 12
_BEEP_HZ = 1000
_CLOCK = Fraction(1, 90_000)
_CHUNK = 1000


def picture(number: int, size: tuple[int, int] = SIZE, *, flash: bool = False) -> Rgb:
    """A picture of shape (height, width, 3) with its number in black and white blocks in the upper third."""
    width, height = size
    rgb = np.full((height, width, 3), (60, 120, 90), np.uint8)
    rgb[2 * height // 3 :] = 255 if flash else 0
    for bit in range(_BITS):
        left, right = bit * width // _BITS, (bit + 1) * width // _BITS
        rgb[: height // 3, left:right] = 255 * (number >> bit & 1)
    return rgb


def number_of(rgb: NDArray[Any]) -> int:
    """The number in a picture that fills its frame."""
    height, width = rgb.shape[:2]
    bits = (int(rgb[height // 6, (2 * bit + 1) * width // (2 * _BITS)].mean()) > 128 for bit in range(_BITS))
    return sum(bit << i for i, bit in enumerate(bits))


def film(
    path: Path,
    *,
    seconds: float = 2.0,
    fps: int | Fraction = 25,
    size: tuple[int, int] = SIZE,
    first: int = 0,
    codec: str = "libx264",
    container: str = "mp4",
    gop: int = 25,
    options: Mapping[str, str] = FASTEST,
    pixel_format: str = "yuv420p",
    pixel_aspect: Fraction | None = None,
    rotation_deg: int = 0,
    time_s: Callable[[int], float] | None = None,
    sound: str | None = None,
    rate_hz: int = 48_000,
    layout: str = "stereo",
) -> Path:
    """Write a film whose pictures are numbered from ``first``; each whole second flashes, and may beep.

    Args:
        time_s: when the n-th picture is shown; evenly by default.
        sound: an encoder's name, or None for silence.
    """
    rate = Fraction(fps)
    with av.open(str(path), "w", format=container) as out:
        video = out.add_stream(codec, rate=rate, options=dict(options))
        assert isinstance(video, VideoStream)
        video.width, video.height = size
        video.pix_fmt = pixel_format
        video.codec_context.gop_size = gop
        video.codec_context.time_base = 1 / rate if time_s is None else _CLOCK
        if pixel_aspect:
            video.codec_context.sample_aspect_ratio = pixel_aspect
        if rotation_deg:
            video.set_display_rotation(rotation_deg)
        beeps = _Beeps(out, sound, rate_hz, layout, seconds) if sound else None
        for nth in range(round(seconds * rate)):
            at_s = time_s(nth) if time_s else float(nth / rate)
            if beeps:
                beeps.until(at_s)
            frame = VideoFrame.from_ndarray(picture(first + nth, size, flash=_in_beep(at_s)), "rgb24")
            frame.time_base = video.codec_context.time_base
            frame.pts = round(Fraction(at_s) / frame.time_base)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if beeps:
            beeps.finish()
    return path


def _in_beep(at_s: float) -> bool:
    return (at_s + 1e-6) % 1.0 < BEEP_S


class _Beeps:
    """A sound track that beeps at each whole second."""

    def __init__(self, out: OutputContainer, codec: str, rate_hz: int, layout: str, seconds: float) -> None:
        self._out = out
        stream = out.add_stream(codec, rate=rate_hz)
        assert isinstance(stream, AudioStream)
        self._stream = stream
        self._stream.codec_context.layout = layout
        self._rate_hz = rate_hz
        self._samples = round(seconds * rate_hz)
        self._written = 0

    def until(self, at_s: float) -> None:
        while self._written < self._samples and self._written <= at_s * self._rate_hz:
            count = min(_CHUNK, self._samples - self._written)
            at = np.arange(self._written, self._written + count) / self._rate_hz
            tone = np.where(at % 1.0 < BEEP_S, 0.5 * np.sin(2 * np.pi * _BEEP_HZ * at), 0.0)
            channels = self._stream.codec_context.channels
            samples = np.ascontiguousarray(np.tile(tone.astype(np.float32), (channels, 1)))
            frame = AudioFrame.from_ndarray(samples, "fltp", self._stream.codec_context.layout.name)
            frame.sample_rate = self._rate_hz
            frame.pts, frame.time_base = self._written, Fraction(1, self._rate_hz)
            self._written += count
            self._out.mux(self._stream.encode(frame))

    def finish(self) -> None:
        self.until(float("inf"))
        self._out.mux(self._stream.encode(None))


@contextmanager
def packets_of(path: Path) -> Iterator[tuple[InputContainer, list[Packet[Stream]]]]:
    """A file's packets of picture and sound, while its container is open."""
    with av.open(str(path)) as container:
        streams = [*container.streams.video[:1], *container.streams.audio[:1]]
        yield container, [packet for packet in container.demux(streams) if packet.size]


def shown(path: Path) -> list[tuple[float, int]]:
    """Time and number of each picture of a film, in the order of the decoder."""
    with av.open(str(path)) as container:
        return [
            (float(frame.time or 0.0), number_of(frame.to_ndarray(format="rgb24")))
            for frame in container.decode(video=0)
        ]


def flashes(path: Path) -> list[float]:
    """When the lower third turns white."""
    found, before = [], False
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            rgb = frame.to_ndarray(format="rgb24")
            now = bool(rgb[-rgb.shape[0] // 6].mean() > 128)
            if now and not before:
                found.append(float(frame.time or 0.0))
            before = now
    return found


def beeps(path: Path) -> list[float]:
    """When a tone begins after silence."""
    found: list[float] = []
    last_s = -1.0
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("flt", "mono", 16_000)
        for frame in container.decode(audio=0):
            for out in resampler.resample(frame):
                begin_s = (out.pts or 0) * float(out.time_base or 0)
                for i in np.flatnonzero(np.abs(out.to_ndarray()[0]) > 0.1):
                    at_s = begin_s + int(i) / 16_000
                    if at_s - last_s > 0.2:
                        found.append(at_s)
                    last_s = at_s
    return found


def ffmpeg(*arguments: str) -> str:
    """What an FFmpeg other than PyAV's says on stdout and stderr."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-hide_banner", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def complaints(path: Path) -> str:
    """The warnings of that FFmpeg while it plays a file to the end."""
    return ffmpeg("-v", "warning", "-i", f"file:{path}", "-f", "null", "-")


def shown_elsewhere(path: Path) -> list[float]:
    """When that FFmpeg shows each picture of a file."""
    said = ffmpeg(
        "-v", "error", "-copyts", "-i", f"file:{path}", "-map", "0:v:0",
        "-fps_mode", "passthrough", "-enc_time_base", "1:90000", "-f", "framemd5", "-",
    )  # fmt: skip
    return [int(line.split(",")[2]) / 90_000 for line in said.splitlines() if line[:1].isdigit()]


def chapters_elsewhere(path: Path) -> list[tuple[float, float, str]]:
    """The chapters that it finds."""
    said = ffmpeg("-i", f"file:{path}")
    found = re.findall(r"Chapter #\S+: start ([\d.]+), end ([\d.]+)\s+Metadata:\s+title\s+: (.*)", said)
    return [(float(start_s), float(end_s), title) for start_s, end_s, title in found]


def steps(times_s: Sequence[float]) -> list[float]:
    """Differences between neighbours."""
    return [b - a for a, b in pairwise(times_s)]
