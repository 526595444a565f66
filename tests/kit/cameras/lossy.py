"""Films of a noisy camera, whose pictures fill several network packets, and what losses make of them."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from tests.kit.films.hard_cuts import scene

FPS, SIZE = 10, (640, 360)
_OPTIONS = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "sliced-threads=0"}
_FRAGMENT_BYTES = 1400


def noisy_film(path: Path, *, seconds: int, gop: int = 10, moving: bool = False) -> Path:
    """Write a textured wall with noise; with ``moving`` a block goes to and fro before it all the time."""
    rng, wall = np.random.default_rng(3), scene(5, SIZE).astype(np.float32)
    with av.open(path, "w") as out:
        video = out.add_stream("libx264", rate=FPS, options={**_OPTIONS, "g": str(gop)})
        assert isinstance(video, VideoStream)  # by its codec
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        for nth in range(seconds * FPS):
            picture = wall.copy()
            if moving:
                left = round(abs((nth / FPS) % 4 - 2) / 2 * (SIZE[0] - 80))
                picture[120:240, left : left + 80] = 20
            noise = rng.normal(0, 2, wall.shape)
            frame = av.VideoFrame.from_ndarray((picture + noise).clip(0, 255).astype(np.uint8), "gray")
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = nth, Fraction(1, FPS)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return path


def with_losses(film: Path, path: Path, share: float, *, after_s: float) -> Path:
    """Copy a film, but from a time on this share of its network packets is lost, each a part of a picture."""
    rng = random.Random(1)  # noqa: S311  # no secret hangs on it
    with av.open(film) as source, av.open(path, "w") as out:
        video = source.streams.video[0]
        track = out.add_stream_from_template(video)
        for packet in source.demux(video):
            if packet.dts is None:
                continue
            data, lossy = bytes(packet), packet.dts * packet.time_base >= after_s
            parts = [data[at : at + _FRAGMENT_BYTES] for at in range(0, len(data), _FRAGMENT_BYTES)]
            left = b"".join(part for part in parts if not lossy or rng.random() >= share)
            if left:
                copy: Packet[Stream] = Packet(left)
                copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
                copy.is_keyframe, copy.stream = packet.is_keyframe, track
                out.mux(copy)
    return path
