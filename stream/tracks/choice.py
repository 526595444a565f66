"""Which video track of a container is used, and which audio track with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import av
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from stream.tracks.lengths import TrackLength, measured
from stream.tracks.motion_photo import is_motion_photo

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

    None where no video track can be decoded. All tracks of a live source count as equally long. A track of
    which no picture was found at the start of the file is taken only where there is no other.
    """
    tracks = [s for s in video_tracks(container) if has_decoder(s)]
    tracks = [s for s in tracks if s.width and s.height] or tracks
    if len(tracks) < 2:
        return tracks[0] if tracks else None
    lengths = _lengths(tracks, container)
    plays_s = [_plays_s(length) for length in lengths]
    least_s = max(plays_s) - max(_SAME_S, _SAME_SHARE * max(plays_s))
    best = max(range(len(tracks)), key=lambda nth: (plays_s[nth] >= least_s, *_rank(tracks[nth])))
    return tracks[best]


def choose_audio(container: InputContainer, video: VideoStream) -> AudioStream | None:
    """Choose the audio track of the video's program, of several the default one; None where there is none.

    Audio that probing has not decoded has no parameters with which a file could be written.
    """
    audible = [
        s for s in container.streams.audio if has_decoder(s) and s.codec_context.sample_rate and s.channels
    ]
    best = container.streams.best("audio", related=video)
    return next((s for s in audible if best is not None and s.index == best.index), next(iter(audible), None))


def choice_line(container: InputContainer, used: VideoStream) -> str | None:
    """Return a line on which of several tracks is used; None where there is only one."""
    if is_motion_photo(container.name):
        return "the file is a photo with a film behind it: the film is used, not the photo"
    tracks = video_tracks(container)
    if len(tracks) < 2:
        return None
    lengths = dict(zip((s.index for s in tracks), _lengths(tracks, container), strict=True))
    left = "; ".join(_described(s, lengths[s.index]) for s in tracks if s.index != used.index)
    return f"of {len(tracks)} video tracks, {_described(used, lengths[used.index])} is used, not {left}"


def _rank(stream: VideoStream) -> tuple[bool, bool, int]:
    still = bool(stream.disposition & _STILLS)
    return not still, bool(stream.disposition & Disposition.default), stream.width * stream.height


def _described(stream: VideoStream, length: TrackLength) -> str:
    lasts = f", {length.length_s:.1f} s" if length.length_s else ""
    name = stream.codec_context.name if has_decoder(stream) else "unknown codec"
    size = f"{stream.width}x{stream.height}" if stream.width and stream.height else "of unknown size"
    return f"track {stream.index} ({name} {size}{lasts})"


def _lengths(tracks: Sequence[VideoStream], container: InputContainer) -> list[TrackLength]:
    """How long each plays; 0 where that is unknown, as live.

    What a header does not state is measured, where the file can be read.
    """
    if all(s.frames and s.duration for s in tracks) or not (lengths := measured(container)):
        return [_stated(s, container) for s in tracks]
    return [lengths.get(s.index, TrackLength(0.0, 0)) for s in tracks]


def _plays_s(length: TrackLength) -> float:
    """How long it counts to play: no more than its packets may stand."""
    return min(length.length_s, length.packets * _MAX_FRAME_S) if length.packets else length.length_s


def _stated(stream: VideoStream, container: InputContainer) -> TrackLength:
    """What the headers state; FFmpeg gives a track that states nothing the container's length."""
    length_s = clock_s(_tagged(stream, "DURATION")) or 0.0
    if not length_s and stream.duration and stream.time_base:
        length_s = float(stream.duration * stream.time_base)
    elif not length_s and container.duration:
        length_s = container.duration / av.time_base
    frames = stream.frames or _number(stream, "NUMBER_OF_FRAMES")
    if not frames and stream.average_rate:
        frames = round(length_s * stream.average_rate)
    return TrackLength(length_s, frames)


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
