"""Single frames out of a media file, and JPEG files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from av.video.frame import VideoFrame

from stream.media.file import MediaError, replacing
from stream.media.reader import MediaReader
from stream.picture.render import Rgb, upright_rgb

# Up to this distance, decoding is cheaper than another seek.
_SAME_CLUSTER_S = 2.0
# A time at most this long before a frame is that frame's: times were rounded.
_EARLY_S = 0.02


def grab(path: Path, times_s: Sequence[float]) -> list[Rgb]:
    """Return the pictures displayed at these times (s since the first frame), upright, in full resolution.

    A time less than half a frame (at most 20 ms) before a frame is that frame's; one after the last frame
    gives the last. Each picture is of shape (height, width, 3), uint8, in the order of the times. Times near
    each other take one seek. Raises MediaError where the file cannot be read.
    """
    pictures: dict[float, Rgb] = {}
    with MediaReader(path) as reader:
        for cluster in _clusters(sorted(set(times_s))):
            pictures.update(_cluster(reader, cluster))
    return [pictures[time_s] for time_s in times_s]


def _clusters(times_s: list[float]) -> Iterator[list[float]]:
    cluster: list[float] = []
    for time_s in times_s:
        if cluster and time_s - cluster[-1] > _SAME_CLUSTER_S:
            yield cluster
            cluster = []
        cluster.append(time_s)
    if cluster:
        yield cluster


def _cluster(reader: MediaReader, times_s: list[float]) -> Iterator[tuple[float, Rgb]]:
    waiting = list(times_s)
    packets = (p for p in reader.packets(times_s[0]) if p.stream_index == reader.video.index)
    shown: VideoFrame | None = None
    early_s = min(reader.frame_s / 2, _EARLY_S)
    for pts, frame in reader.frames(packets):
        while waiting and shown and reader.seconds(pts) > waiting[0] + early_s:
            yield waiting.pop(0), _rgb(reader, shown)
        if not waiting:
            return
        shown = frame
    if shown is None:
        raise MediaError(f"cannot read {reader.path}: no frame at {times_s[0]:.2f} s")
    for time_s in waiting:
        yield time_s, _rgb(reader, shown)


def _rgb(reader: MediaReader, frame: VideoFrame) -> Rgb:
    return upright_rgb(frame, reader.display)


def write_jpeg(path: Path, rgb: Rgb, quality: int = 85) -> None:
    """Write a picture of shape (height, width, 3), RGB; completely or not at all.

    Raises MediaError where it cannot be written, DiskFullError where the disk is full.
    """
    import cv2  # noqa: PLC0415 - not needed for reading

    good, data = cv2.imencode(".jpg", rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not good:
        raise MediaError(f"cannot write {path}: JPEG cannot hold such a picture")
    with replacing(path) as part:
        part.write_bytes(data.tobytes())
