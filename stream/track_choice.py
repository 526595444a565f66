"""Which video track of a container is used: one rule for analysis, clips and verification."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import av
from av.codec.context import CodecContext
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

# Still pictures that accompany video or music.
_STILLS = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
# Each frame counts for at most this long, so that a single still does not count as a long track.
_MAX_FRAME_S = 1.0
# Tracks whose lengths differ by less, in seconds or as a share of the longest, count as equally long.
_SAME_S, _SAME_SHARE = 0.5, 0.02


def has_decoder(stream: Stream) -> bool:
    """Whether the PyAV build can decode the stream."""
    # PyAV's annotation does not allow for None.
    return cast("CodecContext | None", stream.codec_context) is not None


def video_tracks(container: InputContainer) -> list[VideoStream]:
    """The video tracks, whether they can be decoded or not, without cover art."""
    return [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]


def choose_video(container: InputContainer) -> VideoStream | None:
    """Choose the track that plays longest; of several the default one; of several the largest.

    None where no video track can be decoded. All tracks of a live source count as equally long.
    """
    tracks = [s for s in video_tracks(container) if has_decoder(s)]
    if not tracks:
        return None
    longest_s = max(_plays_s(s, container) for s in tracks)
    least_s = longest_s - max(_SAME_S, _SAME_SHARE * longest_s)
    return max(tracks, key=lambda s: (_plays_s(s, container) >= least_s, *_rank(s)))


def choice_line(container: InputContainer, used: VideoStream) -> str | None:
    """Return a line on which of several tracks is used; None where there is only one."""
    tracks = video_tracks(container)
    if len(tracks) < 2:
        return None
    left = "; ".join(_described(s, container) for s in tracks if s.index != used.index)
    return f"of {len(tracks)} video tracks, {_described(used, container)} is used, not {left}"


def _rank(stream: VideoStream) -> tuple[bool, bool, int]:
    still = bool(stream.disposition & _STILLS)
    return not still, bool(stream.disposition & Disposition.default), stream.width * stream.height


def _described(stream: VideoStream, container: InputContainer) -> str:
    length_s = _length_s(stream, container)
    length = "" if length_s is None else f", {length_s:.1f} s"
    name = stream.codec_context.name if has_decoder(stream) else "unknown codec"
    return f"track {stream.index} ({name} {stream.width}x{stream.height}{length})"


def _plays_s(stream: VideoStream, container: InputContainer) -> float:
    """How long it plays, in seconds; 0 where that is unknown, as live."""
    length_s = _length_s(stream, container) or 0.0
    frames: float = stream.frames or _number(stream, "NUMBER_OF_FRAMES")
    if not frames and stream.average_rate:
        frames = length_s * float(stream.average_rate)
    return min(length_s, frames * _MAX_FRAME_S) if frames else length_s


def _length_s(stream: VideoStream, container: InputContainer) -> float | None:
    tagged_s = clock_s(_tagged(stream, "DURATION"))
    if tagged_s:  # FFmpeg gives such a track the container's length
        return tagged_s
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _number(stream: VideoStream, name: str) -> int:
    text = _tagged(stream, name)
    return int(text) if text.isdecimal() else 0


def _tagged(stream: VideoStream, name: str) -> str:
    """Return a statistics tag of a Matroska track, whose name may end in a language."""
    found: Sequence[str] = [v for k, v in stream.metadata.items() if k.partition("-")[0] == name]
    return found[0] if found else ""


def clock_s(text: str) -> float | None:
    """Return the seconds of ``h:mm:ss.fff``; None for any other text."""
    match = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", text)
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3]) if match else None
