"""What the headers of a media file state, and whether it decodes to its end."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from stream.media.file import MediaError, as_media_errors, demux_with_flush, reading
from stream.media.reader import MediaReader
from stream.media.track import codec_name
from stream.tracks.choice import choose_video


@dataclass(frozen=True, slots=True)
class ChapterMark:
    """A chapter of a media file, in seconds from its start."""

    start_s: float
    end_s: float
    title: str


@dataclass(frozen=True, slots=True)
class Probe:
    """What the headers of a media file state.

    Attributes:
        duration_s: of the video; None where the file states none (a cut-off stream).
        video_codec: FFmpeg's name for it, such as ``h264`` or ``hevc``.
        width, height: of the displayed picture: upright, in square pixels.
        rotation_deg: counterclockwise rotation of the stored frame for display.
        mirrored: left and right of the stored frame are exchanged before the rotation.
        fps: typical frame rate.
        frames: number of frames; None where the file states none.
        audio_codec: of the audio track that goes with the video; None without one.
        chapters: in order.
        timecode: of the first frame, ``HH:MM:SS:FF``; None where the file states none.
    """

    duration_s: float | None
    video_codec: str
    width: int
    height: int
    rotation_deg: int
    mirrored: bool
    fps: float
    frames: int | None
    audio_codec: str | None
    chapters: tuple[ChapterMark, ...]
    timecode: str | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """A media file that was decoded to its end: number of frames, video duration, size and SHA-256 (hex)."""

    frames: int
    duration_s: float
    bytes: int
    sha256: str


def probe(path: Path) -> Probe:
    """Read a file's headers and first frame. Raises MediaError where there is no video."""
    with MediaReader(path) as footage:
        display = footage.display
        shown = display.size(footage.first.width, footage.first.height)
        return Probe(
            duration_s=_duration_s(footage),
            video_codec=codec_name(footage.video),
            width=shown.width,
            height=shown.height,
            rotation_deg=display.rotation_deg,
            mirrored=display.mirrored,
            fps=1 / footage.frame_s,
            frames=footage.video.frames or None,
            audio_codec=codec_name(footage.audio) if footage.audio else None,
            chapters=_chapters(footage.container),
            timecode=_timecode(footage.container),
        )


def _timecode(container: InputContainer) -> str | None:
    """Return the timecode of the file, or of a track: cameras write a track of its own."""
    stated = [container.metadata, *(stream.metadata for stream in container.streams)]
    return next((it["timecode"] for it in stated if "timecode" in it), None)


def verify(path: Path) -> Verified:
    """Decode all video and audio, and hash the file.

    Raises MediaError where a packet cannot be decoded or gives no frame, timestamps do not rise, or there is
    no frame at all.
    """
    with reading(path) as container:
        strictly = not _begins_hidden(container)
    with reading(path) as container:
        frames, duration_s = _decoded(container, path, strictly=strictly)
    with as_media_errors(f"cannot read {path}"), path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Verified(frames, duration_s, file.tell(), digest)


def _duration_s(footage: MediaReader) -> float | None:
    if footage.video.duration:
        return float(footage.video.duration * footage.tick_s)
    duration = footage.container.duration
    return duration / av.time_base if duration else None


def _chapters(container: InputContainer) -> tuple[ChapterMark, ...]:
    marks = []
    for chapter in container.chapters():
        tick_s = chapter["time_base"] or Fraction(1, av.time_base)
        start_s, end_s = float(chapter["start"] * tick_s), float(chapter["end"] * tick_s)
        marks.append(ChapterMark(start_s, end_s, chapter["metadata"].get("title", "")))
    return tuple(marks)


def _begins_hidden(container: InputContainer) -> bool:
    """Whether video begins with frames that an edit list hides, as they are not complete."""
    video = choose_video(container)
    first = None if video is None else next(demux_with_flush(container, [video]), None)
    return first is not None and first.is_discard


def _streams(container: InputContainer, path: Path, *, strictly: bool) -> list[Stream]:
    """Return the streams to decode; with ``strictly``, their decoders do not conceal damage."""
    video = choose_video(container)
    chosen = [] if video is None else [video]
    streams = [*chosen, *(s for s in container.streams.audio if s.codec_context)]
    if not streams:
        raise MediaError(f"{path}: nothing in it can be decoded")
    for stream in streams:
        if strictly:
            stream.codec_context.options = {"err_detect": "explode"}
        stream.codec_context.thread_type = "AUTO"
    return streams


def _decoded(container: InputContainer, path: Path, *, strictly: bool) -> tuple[int, float]:
    """Return the number of frames, and the time from the first one's start to the last one's end."""
    streams = _streams(container, path, strictly=strictly)
    packets, frames, first, last = 0, 0, Fraction(0), Fraction(-1)
    end = Fraction(0)
    audible: dict[int, Fraction] = {}
    for packet in demux_with_flush(container, streams):
        # A packet that an edit list hides is for the decoder alone.
        packets += packet.size > 0 and not packet.is_discard and isinstance(packet.stream, VideoStream)
        for frame in packet.decode():
            if not isinstance(frame, VideoFrame | AudioFrame):
                continue
            at = _time(frame, path)
            if isinstance(frame, VideoFrame):
                if frames and at <= last:
                    raise MediaError(f"{path}: video steps back at {float(at):.3f} s")
                first = first if frames else at
                frames, last = frames + 1, at
                end = at + (frame.duration or 0) * (frame.time_base or 0)
            else:
                if at < audible.get(packet.stream_index, at):
                    raise MediaError(f"{path}: audio steps back at {float(at):.3f} s")
                audible[packet.stream_index] = at
    if not frames:
        raise MediaError(f"{path}: no frame")
    if frames < packets:  # decoders with several threads lose the last ones without an error
        raise MediaError(f"{path}: {packets - frames} of its frames cannot be decoded")
    return frames, float(end - first)


def _time(frame: VideoFrame | AudioFrame, path: Path) -> Fraction:
    if frame.is_corrupt or frame.pts is None or frame.time_base is None:
        raise MediaError(f"{path}: damaged at about {frame.time or 0.0:.3f} s")
    return frame.pts * frame.time_base
