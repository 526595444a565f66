"""Films of a fixed camera whose events are known: a block crosses a textured wall, and else all is still."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from stream.picture.display import Display

Event = tuple[float, float]

ENCODERS: Mapping[str, Mapping[str, str]] = {
    "libx264": {"preset": "ultrafast"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
}
_RATE_HZ = 16_000
_CLOCK = Fraction(1, 90_000)
_PATCH_PX = 8


def scene(
    path: Path,
    *,
    seconds: float = 6.0,
    events: Sequence[Event] = ((2.0, 4.0),),
    fps: int | Fraction = 10,
    size: tuple[int, int] = (160, 120),
    codec: str = "libx264",
    container: str | None = None,
    pixel_format: str = "yuv420p",
    gop: int = 10,
    options: Mapping[str, str] | None = None,
    muxer: Mapping[str, str] | None = None,
    start_s: float = 0.0,
    time_s: Callable[[int], float] | None = None,
    rotation_deg: int = 0,
    mirrored: bool = False,
    pixel_aspect: Fraction | None = None,
    sound: str | None = None,
    sound_s: float | None = None,
) -> Path:
    """Write a film in which the block crosses from left to right in each event.

    Args:
        path: its suffix selects the container, unless ``container`` does.
        events: from and until when, in seconds of the film.
        start_s: timestamp of the first picture.
        rotation_deg, mirrored, pixel_aspect: how the file says that its frames are displayed.
        time_s: when the n-th picture is shown, from the film's start; evenly by default.
        sound: an encoder for a tone.
        sound_s: how long that is; as the pictures by default.
    """
    with av.open(path, "w", format=container, options=dict(muxer or {})) as out:
        chosen = dict(ENCODERS.get(codec, {}) if options is None else options)
        video = out.add_stream(codec, rate=fps, options=chosen)
        assert isinstance(video, VideoStream)  # by its codec
        video.width, video.height = size
        video.pix_fmt = pixel_format
        video.codec_context.gop_size = gop
        video.codec_context.time_base = 1 / Fraction(fps) if time_s is None else _CLOCK
        if rotation_deg or mirrored:
            video.set_display_matrix(Display(rotation_deg=rotation_deg, mirrored=mirrored).matrix)
        if pixel_aspect:
            video.codec_context.sample_aspect_ratio = pixel_aspect
        tone = _Tone(out, sound, seconds if sound_s is None else sound_s, start_s) if sound else None
        wall = _wall(size)
        for nth in range(max(1, round(seconds * fps))):
            at_s = float(nth / fps) if time_s is None else time_s(nth)
            if tone:
                tone.until(at_s)
            frame = VideoFrame.from_ndarray(_picture(wall, events, at_s), "rgb24")
            frame.time_base = video.codec_context.time_base
            frame.pts = round((start_s + at_s) / frame.time_base)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if tone:
            tone.finish()
    return path


def _wall(size: tuple[int, int]) -> NDArray[np.uint8]:
    width, height = size
    shape = (-(-height // _PATCH_PX), -(-width // _PATCH_PX), 3)
    patches = np.random.default_rng(7).integers(60, 190, shape, dtype=np.uint8)
    return patches.repeat(_PATCH_PX, axis=0).repeat(_PATCH_PX, axis=1)[:height, :width]


def _picture(wall: NDArray[np.uint8], events: Sequence[Event], at_s: float) -> NDArray[np.uint8]:
    picture = wall.copy()
    height, width = wall.shape[:2]
    wide = max(1, width // 6)
    for from_s, to_s in events:
        if from_s <= at_s < to_s:
            left = round((at_s - from_s) / (to_s - from_s) * (width - wide))
            picture[height // 3 : max(1, 2 * height // 3), left : left + wide] = (235, 40, 40)
    return picture


class _Tone:
    """Sound for the pictures, written no further than they are."""

    def __init__(self, out: OutputContainer, codec: str, seconds: float, start_s: float) -> None:
        self._out = out
        stream = out.add_stream(codec, rate=48_000 if codec == "libopus" else _RATE_HZ, layout="mono")
        assert isinstance(stream, AudioStream)  # by its codec
        self._stream = stream
        self._start = round(start_s * stream.rate)
        self._samples = round(seconds * stream.rate)
        self._written = 0

    def until(self, at_s: float) -> None:
        while self._written < self._samples and self._written <= at_s * self._stream.rate:
            count = min(1024, self._samples - self._written)
            at = np.arange(self._written, self._written + count) / self._stream.rate
            wave = (0.2 * np.sin(2 * np.pi * 440 * at)).astype(np.float32)
            frame = AudioFrame.from_ndarray(wave[None], "flt", "mono")
            frame.sample_rate, frame.time_base = self._stream.rate, Fraction(1, self._stream.rate)
            frame.pts = self._start + self._written
            self._written += count
            self._out.mux(self._stream.encode(frame))

    def finish(self) -> None:
        self.until(float("inf"))
        self._out.mux(self._stream.encode(None))


def remuxed(source: Path, path: Path, seconds: float) -> Path:
    """Write a film's packets again and again, until it is so long: a long film at little cost."""
    with av.open(source) as film, av.open(path, "w") as out:
        streams = (*film.streams.video, *film.streams.audio)
        tracks = {stream.index: out.add_stream_from_template(stream) for stream in streams}
        length_s = Fraction(film.duration or 0, av.time_base)
        # AAC begins with a packet before zero, which would step back at each turn.
        packets = [(p, p.pts, p.dts) for p in film.demux() if p.size and p.pts is not None and p.pts >= 0]
        for turn in range(-(-round(seconds) // round(length_s))):
            for packet, pts, dts in packets:
                copy: Packet[Stream] = Packet(bytes(packet))
                shift = round(turn * length_s / packet.time_base)
                copy.time_base, copy.stream = packet.time_base, tracks[packet.stream_index]
                copy.pts, copy.dts = pts + shift, (pts if dts is None else dts) + shift
                copy.duration, copy.is_keyframe = packet.duration, packet.is_keyframe
                out.mux(copy)
    return path
