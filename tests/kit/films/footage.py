"""What the tests' cameras show: a disc that crosses a textured wall, and stops, drawn and encoded here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream
from numpy.typing import NDArray

from stream.av_source import AvSource
from tests.kit.sound.made import RATE_HZ, Samples

_ENCODERS = {"h264": "libx264", "hevc": "libx265"}
_X264 = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "log-level=error:sliced-threads=0"}
_X265 = {"preset": "ultrafast", "tune": "zerolatency", "x265-params": "log-level=error:bframes=0"}


@dataclass(frozen=True, slots=True)
class Look:
    """How a camera's pictures are made.

    Attributes:
        width_px, height_px, fps: of the picture.
        round_s: after so long it starts over; the disc crosses once, in the first ``moving_s`` of it.
        video: ``h264`` or ``hevc``.
        audio: ``aac``, ``pcma`` or None.
        gop: pictures from keyframe to keyframe.
    """

    width_px: int = 640
    height_px: int = 360
    fps: int = 10
    round_s: int = 4
    moving_s: float = 2.0
    video: str = "h264"
    audio: str | None = None
    gop: int = 10


def pictures(look: Look) -> list[NDArray[np.uint8]]:
    """One round, RGB uint8 (height_px, width_px, 3)."""
    rng = np.random.default_rng(7)
    coarse = rng.integers(60, 180, (look.height_px // 20, look.width_px // 20, 3), dtype=np.uint8)
    wall = coarse.repeat(20, axis=0).repeat(20, axis=1)
    y, x = np.mgrid[: wall.shape[0], : wall.shape[1]]
    rounds = []
    for n in range(look.round_s * look.fps):
        picture = wall.copy()
        way = n / look.fps / look.moving_s
        if way <= 1:
            middle = way * wall.shape[1]
            disc = (x - middle) ** 2 + (y - wall.shape[0] / 2) ** 2 < (wall.shape[0] / 6) ** 2
            picture[disc] = (240, 240, 235)
        rounds.append(picture)
    return rounds


def write_file(path: Path, look: Look, rounds: int = 1) -> Path:
    """Write so many rounds to a media file, whose kind its name determines."""
    with av.open(path, "w") as out:
        video = _video_stream(out, look)
        audio = _audio_stream(out, look)
        if audio is not None:
            for frame in _tone(audio, look.round_s * rounds):
                out.mux(audio.encode(frame))
            out.mux(audio.encode(None))
        for n, picture in enumerate(pictures(look) * rounds):
            out.mux(video.encode(_frame(picture, n, look)))
        out.mux(video.encode(None))
    return path


def write_units(folder: Path, look: Look, sound: Samples | None = None) -> Path:
    """Write one round as access units, for the scripted RTSP server; ``sound`` in place of its tone.

    ``video.bin`` and ``audio.bin`` hold them one after the other; the JSON next to each names, for each
    unit, its time (s), place, size, whether playing can begin with it, and duration (s).
    """
    folder.mkdir(parents=True)
    with av.open(folder / "round.nut", "w") as out:
        video = _video_stream(out, look)
        audio = _audio_stream(out, look)
        packets = [
            p for n, picture in enumerate(pictures(look)) for p in video.encode(_frame(picture, n, look))
        ]
        _write_track(folder / "video", [*packets, *video.encode(None)])
        if audio is not None:
            heard = [p for frame in _tone(audio, look.round_s, sound) for p in audio.encode(frame)]
            _write_track(folder / "audio", [p for p in heard if p.pts is not None and p.pts >= 0])
    about = {"video": look.video, "audio": look.audio, "round_s": look.round_s}
    (folder / "about.json").write_text(json.dumps(about))
    return folder


def write_units_of(folder: Path, film: Path) -> Path:
    """As ``write_units``, of the pictures of a transport stream with H.264 or HEVC."""
    folder.mkdir(parents=True)
    with AvSource(str(film)) as source:
        packets = [packet for packet in source.packets() if packet.stream.type == "video"]
        first_s = min(float((p.pts or 0) * p.time_base) for p in packets)
        _write_track(folder / "video", packets, first_s)
        about = {"video": source.info.codec, "audio": None, "round_s": len(packets) / (source.info.fps or 25)}
    (folder / "about.json").write_text(json.dumps(about))
    return folder


def _video_stream(out: OutputContainer, look: Look) -> VideoStream:
    options = _X264 if look.video == "h264" else _X265
    stream = out.add_stream(_ENCODERS[look.video], rate=look.fps, options=options)
    assert isinstance(stream, VideoStream)  # by its codec
    stream.width, stream.height, stream.pix_fmt = look.width_px, look.height_px, "yuv420p"
    stream.codec_context.gop_size = look.gop
    stream.codec_context.max_b_frames = 0
    stream.codec_context.flags &= ~av.codec.context.Flags.global_header
    return stream


def _frame(picture: NDArray[np.uint8], number: int, look: Look) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(picture, "rgb24")
    frame.pts, frame.time_base = number, Fraction(1, look.fps)
    return frame


def _audio_stream(out: OutputContainer, look: Look) -> AudioStream | None:
    if look.audio is None:
        return None
    name, rate = ("aac", 16_000) if look.audio == "aac" else ("pcm_alaw", 8_000)
    stream = out.add_stream(name, rate=rate, layout="mono")
    assert isinstance(stream, AudioStream)  # by its codec
    return stream


def _tone(stream: AudioStream, length_s: float, sound: Samples | None = None) -> list[av.AudioFrame]:
    rate = stream.rate
    step = 1024 if stream.codec_context.name == "aac" else 160
    wave = (8000 * np.sin(2 * np.pi * 440 * np.arange(int(length_s * rate)) / rate)).astype(np.int16)
    if sound is not None:
        assert RATE_HZ % rate == 0
        wave = (32_767 * sound[:: RATE_HZ // rate][: int(length_s * rate)]).astype(np.int16)
    frames = []
    for at in range(0, len(wave) - step + 1, step):
        frame = av.AudioFrame.from_ndarray(wave[None, at : at + step], "s16", "mono")
        frame.pts, frame.sample_rate, frame.time_base = at, rate, Fraction(1, rate)
        frames.append(frame)
    return frames


def _write_track(path: Path, packets: list[Packet[Stream]], first_s: float = 0.0) -> None:
    index, data = [], bytearray()
    for packet in packets:
        at_s = float((packet.pts or 0) * packet.time_base) - first_s
        duration_s = float((packet.duration or 0) * packet.time_base)
        index.append([at_s, len(data), packet.size, packet.is_keyframe, duration_s])
        data += bytes(packet)
    path.with_suffix(".bin").write_bytes(data)
    path.with_suffix(".json").write_text(json.dumps(index))
