"""Functions for files: keyframes with the signal they were found in, a video of pictures, a recording.

``extract_keyframes`` measures each frame in full colour and resolution, as a notebook with OpenCV and SciPy
would: of the same pictures its values, and so its peaks, are the same. ``scan`` knows noise and light, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypedDict

import cv2
import numpy as np
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from analyzer.signal.peaks import PeakDetector
from livereel.api.records import Rgb
from livereel.errors import LivereelError, explained
from livereel.once.interrupt import open_once
from stream.media.clip import write_clip
from stream.media.edit.slideshow import Slides, slideshow
from stream.media.reader import MediaReader
from stream.source import PacketSource
from stream.timing.timestamps import shown_s

_BLUR_PX = (9, 9)
_DISTANCE_FRAMES = 5
MAX_RECORD_S = 600.0


class LabChunk(TypedDict):
    """What was found in one chunk of a video, frame by frame.

    ``selected_key_frames`` is uint8 (keyframes, height, width, 3), RGB; ``lst_diff_mag`` the number of pixels
    that are brighter than in the frame before, 0 for the first; ``lstfrm`` the frames' numbers in the chunk;
    ``select_frame_idx`` those of the keyframes; ``adjusted_fps`` the keyframes in frames' time, rounded.
    """

    selected_key_frames: NDArray[np.uint8]
    lst_diff_mag: list[int]
    lstfrm: list[int]
    select_frame_idx: NDArray[np.int64]
    adjusted_fps: float


def extract_keyframes(
    path: str | Path,
    video_chunk_secs: float = 10,
    motion_threshold: float = 0.3,
    resize: tuple[int, int] = (400, 300),
) -> dict[str, LabChunk]:
    """Find the keyframes of each chunk of a file; the keys name the chunks' times.

    A peak is a local maximum of at least ``motion_threshold`` of the chunk's highest value, five frames or
    more from a higher one. Only keyframes are held in memory.

    Args:
        path: a video file.
        video_chunk_secs: length of a chunk, in seconds.
        motion_threshold: 0 to 1.
        resize: width and height of the pictures that are compared, in pixels.

    Raises LivereelError.
    """
    if not 0 <= motion_threshold <= 1:
        raise LivereelError(f"motion_threshold is {motion_threshold}: it must be from 0 to 1")
    with explained(), MediaReader(Path(path)) as reader:
        fps = float(reader.video.average_rate or reader.video.guessed_rate or 1 / reader.frame_s)
        length = int(video_chunk_secs * fps)
        if length < 1:
            raise LivereelError(f"video_chunk_secs is {video_chunk_secs}: a chunk must hold a frame at least")
        found: dict[str, LabChunk] = {}
        begin = 0
        packets = (it for it in reader.packets(0.0) if it.stream_index == reader.video.index)
        frames = (frame for _, frame in reader.frames(packets))
        for chunk in _chunks(frames, length, fps, motion_threshold, resize):
            end = begin + len(chunk["lstfrm"])
            found[f"start time: {begin / fps:.2f} secs to end time: {end / fps:.2f} secs"] = chunk
            begin = end
        return found


def _chunks(
    frames: Iterator[VideoFrame], length: int, fps: float, threshold: float, resize: tuple[int, int]
) -> Iterator[LabChunk]:
    for first in frames:
        finder: PeakDetector[Rgb] = PeakDetector(threshold, _DISTANCE_FRAMES)
        values: list[int] = []
        rgb, last = _rgb(first), None
        while True:
            small = cv2.blur(cv2.cvtColor(cv2.resize(rgb, resize), cv2.COLOR_RGB2GRAY), _BLUR_PX)
            values.append(0 if last is None else cv2.countNonZero(cv2.subtract(small, last)))
            finder.push(float(len(values) - 1), float(values[-1]), rgb)
            last = small
            following = next(frames, None) if len(values) < length else None
            if following is None:
                break
            rgb = _rgb(following)
        yield _chunk(finder, values, fps, rgb.shape)


def _rgb(frame: VideoFrame) -> Rgb:
    return frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)


def _chunk(finder: PeakDetector[Rgb], values: list[int], fps: float, shape: tuple[int, ...]) -> LabChunk:
    peaks = finder.close()
    pictures = [peak.candidate.payload for peak in peaks if peak.candidate.payload is not None]
    return LabChunk(
        selected_key_frames=np.stack(pictures) if pictures else np.empty((0, *shape), np.uint8),
        lst_diff_mag=values,
        lstfrm=list(range(len(values))),
        select_frame_idx=np.array([peak.index for peak in peaks], np.int64),
        adjusted_fps=float(round(len(pictures) / fps)),
    )


def create_video_from_frames(frames: Sequence[Rgb], path: str | Path, hold_time: float = 0.2) -> Path:
    """Write pictures as an H.264 video, each shown for ``hold_time`` seconds; return its path.

    Pictures are uint8 (height, width, 3), RGB, all of one size. Raises LivereelError.
    """
    if hold_time <= 0:
        raise LivereelError(f"hold_time is {hold_time}: it must be more than 0")
    if not len(frames):
        raise LivereelError("frames: there are none")
    if len({np.shape(frame) for frame in frames}) > 1:
        raise LivereelError("frames: all must have the same shape")
    with explained():
        slideshow([Slides("", list(frames))], Path(path), hold_s=hold_time)
    return Path(path)


def record(source: str | Path, path: str | Path, seconds: float) -> Path:
    """Copy the first ``seconds`` of a source into an MP4 file, as it sends them, and return the file's path.

    Args:
        source: a camera's address, a synthetic camera, or a file.
        path: the file; replaced when it is complete.
        seconds: up to 600; what is copied is held in memory.

    Raises LivereelError.
    """
    if not 0 < seconds <= MAX_RECORD_S:
        raise LivereelError(f"seconds is {seconds}: it must be more than 0, and at most {MAX_RECORD_S:g}")
    with explained(), closing(open_once(str(source))) as opened:
        written = write_clip(Path(path), opened.video, opened.audio, list(_first(opened, seconds)))
    return written.path


def _first(source: PacketSource, seconds: float) -> Iterator[Packet[Stream]]:
    """Yield the packets of the first seconds, by their timestamps."""
    end_s: float | None = None
    for packet in source.packets():
        at_s = shown_s(packet)
        if at_s is not None and packet.stream.type == "video":
            end_s = at_s + seconds if end_s is None else end_s
            if at_s >= end_s:
                return
        yield packet
