"""Join segments of the same kind packet by packet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import median_low

from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext

from stream.codec.h264 import ParameterSets, length_prefixed, parameter_sets
from stream.media.edit.audio_splice import LEAST_RATE_HZ, SplicedSound
from stream.media.edit.cut import TICK_S, TICKS_PER_S, Cut, UnsuitableError, cut
from stream.media.edit.segment import OnProgress, Place, Segment, mark_chapters
from stream.media.file import MediaError, muxing
from stream.media.reader import MediaReader, ReaderCache
from stream.media.sound import ReelSound
from stream.media.timeline import decode_times
from stream.media.track import add_copy, codec_name, copied, plays_audio
from stream.picture.display import Display, carry_display, side_bytes

# What every browser decodes.
_PLAYABLE = frozenset({"yuv420p", "yuvj420p"})
# Players take the frame rate from the start of the reel.
_SAME_RATE = 1.25
# Times are rounded: a frame that overlaps the next segment by so little is not shown twice.
_SAME_S = 1e-3
# How far behind the video of the same time audio may be in a file.
_SOUND_BEHIND_S = 2.0


@dataclass(frozen=True, slots=True)
class _Picture:
    """What the video of segments must have in common to be joined."""

    width: int
    height: int
    pixel_format: str | None
    display: Display
    units: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class _Aac:
    """What the audio of segments must have in common to be copied."""

    rate_hz: int
    layout: str
    profile: str | None
    config: bytes | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """The content of the reel.

    Attributes:
        cuts: one for each segment.
        template: a file whose stream parameters the reel takes.
        prefix: Annex B packets get length prefixes, like those of the template.
        sounds: the kinds of audio among the segments; None for silence.
    """

    cuts: tuple[Cut, ...]
    template: Path
    prefix: bool
    sounds: frozenset[_Aac | str | None]


def copy(
    segments: Sequence[Segment],
    out_path: Path,
    *,
    max_early_s: float,
    max_s: float,
    titles: Sequence[str | None],
    title: str,
    on_progress: OnProgress,
) -> tuple[Place, ...]:
    """Write the reel without re-encoding video, each segment from a key packet on.

    Audio is copied, too, where it is the same AAC in all segments, otherwise encoded. Raises UnsuitableError,
    before anything is written, where the video cannot be joined so.
    """
    with ReaderCache() as cache:
        plan = _planned(segments, max_early_s, cache)
        _check_times(plan.cuts, max_s)
        with muxing(out_path, {"video_track_timescale": str(TICKS_PER_S)}) as out:
            out.metadata.update({"title": title} if title else {})
            _write(out, plan, cache, on_progress)
            places = tuple(part.place for part in plan.cuts)
            mark_chapters(out, places, titles)
    return places


def _write(out: OutputContainer, plan: _Plan, cache: ReaderCache, on_progress: OnProgress) -> None:
    template = cache.reader(plan.template)
    track = add_copy(out, template.video)
    carry_display(track, template.first, template.video.sample_aspect_ratio)
    sound = _sound_track(out, plan, template)
    decode_at = iter(decode_times([part.begin + pts for part in plan.cuts for pts in part.pts]))
    for i, part in enumerate(plan.cuts, 1):
        pictures = _pictures(part, cache.reader(part.segment.path), sound)
        for pts, ticks, packet in zip(part.pts, part.ticks, pictures, strict=True):
            packet_ = _prefixed(packet) if plan.prefix and part.annex_b else packet
            stamps = {"pts": part.begin + pts, "dts": next(decode_at), "duration": ticks}
            out.mux(copied(packet_, track, **stamps, tick_s=TICK_S))
        on_progress(i / len(plan.cuts))
    if sound:
        sound.finish()


def _planned(segments: Sequence[Segment], max_early_s: float, cache: ReaderCache) -> _Plan:
    cuts: list[Cut] = []
    pictures: set[_Picture] = set()
    templates: dict[int, Path] = {}
    sounds: set[_Aac | str | None] = set()
    for segment in segments:
        reader = cache.reader(segment.path)
        picture, sets = _picture(reader)
        pictures.add(picture)
        if len(pictures) > 1:
            raise UnsuitableError("frames differ in size, format or encoder")
        templates.setdefault(sets.length_bytes, segment.path)
        sounds.add(_sound(reader))
        begin = cuts[-1].end if cuts else 0
        cuts.append(cut(segment, reader, sets, begin=begin, max_early_s=max_early_s))
    steps = [median_low(part.ticks) for part in cuts]
    if max(steps) > min(steps) * _SAME_RATE:
        raise UnsuitableError("frame rates differ")
    prefix = len(templates) > 1
    if prefix and templates.keys() != {0, 4}:
        raise UnsuitableError("packets have lengths of different sizes")
    template = templates[4] if prefix else next(iter(templates.values()))
    return _Plan(tuple(cuts), template, prefix, frozenset(sounds))


def _check_times(cuts: Sequence[Cut], max_s: float) -> None:
    """Raise UnsuitableError where starting at key packets makes the reel too long or shows frames twice."""
    length_s = float(cuts[-1].end * TICK_S)
    if length_s > max_s:
        raise UnsuitableError(f"it would last {length_s:.2f} s, more than {max_s:.2f} s")
    for before, after in pairwise(cuts):
        follows = before.segment.path == after.segment.path and before.segment.end_s <= after.segment.start_s
        if follows and after.start_s < before.place.end_s - _SAME_S:
            raise UnsuitableError(f"what is shown at {after.start_s:.2f} s would be shown twice")


def _picture(reader: MediaReader) -> tuple[_Picture, ParameterSets]:
    """The kind of the video, and its parameter sets."""
    context = reader.video.codec_context
    if codec_name(reader.video) != "h264" or context.pix_fmt not in _PLAYABLE:
        raise UnsuitableError(f"not every browser plays {codec_name(reader.video)} {context.pix_fmt}")
    sets = parameter_sets(context.extradata)
    if sets is None:
        raise UnsuitableError("no parameter sets at its start")
    if not reader.display.upright and _is_turned_by_codec(reader):
        raise UnsuitableError("its codec's own headers turn the picture, which browsers do not heed")
    return _Picture(
        context.width,
        context.height,
        context.pix_fmt,
        reader.display,
        sets.units,
    ), sets


def _is_turned_by_codec(reader: MediaReader) -> bool:
    """Whether a display matrix stands in the packets, seen by a decoder that knows none of the container."""
    context = VideoCodecContext.create("h264", "r")
    context.extradata = reader.video.codec_context.extradata
    pictures = (packet for packet in reader.packets(0.0) if packet.stream_index == reader.video.index)
    frames = (frame for packet in pictures for frame in context.decode(packet))
    first = next(frames, None)
    return first is not None and side_bytes(first, "DISPLAYMATRIX") is not None


def _sound(reader: MediaReader) -> _Aac | str | None:
    """The kind of the audio: comparable where it can be copied, else the codec's name."""
    audio = reader.audio
    if audio is None:
        return None
    context = audio.codec_context
    if codec_name(audio) != "aac" or not plays_audio(audio) or context.rate < LEAST_RATE_HZ:
        return codec_name(audio)
    return _Aac(context.rate, context.layout.name, context.profile, context.extradata)


def _sound_track(out: OutputContainer, plan: _Plan, reader: MediaReader) -> ReelSound | SplicedSound | None:
    if plan.sounds == {None}:
        return None
    kind = next(iter(plan.sounds))
    if len(plan.sounds) == 1 and isinstance(kind, _Aac) and reader.audio:
        return SplicedSound(out, reader.audio)
    return ReelSound(out)


def _pictures(
    part: Cut, reader: MediaReader, sound: ReelSound | SplicedSound | None
) -> Iterator[Packet[Stream]]:
    """Yield the cut's video packets in decoding order; write audio in between."""
    shift_s = part.begin * TICK_S - part.first * reader.tick_s
    end_s = part.end * TICK_S
    if sound:
        sound.open(reader.audio)
    left = len(part.pts)
    begun = False
    for packet in reader.packets(part.segment.start_s):
        at_s = (reader.time_of(packet) or 0) - Fraction(part.start_s) + part.begin * TICK_S
        if packet.stream_index == reader.video.index:
            begun = begun or packet.pts == part.first
            if begun and left:
                left -= 1
                yield packet
        elif sound:
            sound.push(packet)
            sound.advance(shift_s, end_s)
        if not left and (sound is None or reader.audio is None or _past(packet, reader, at_s, end_s)):
            break
    if left:
        raise MediaError(f"cannot read {part.segment.path}: it changed while it was read")
    if sound:
        sound.close(shift_s, end_s)


def _past(packet: Packet[Stream], reader: MediaReader, at_s: Fraction, end_s: Fraction) -> bool:
    """Whether no more audio of the segment follows."""
    behind_s = _SOUND_BEHIND_S if packet.stream_index == reader.video.index else 0
    return at_s >= end_s + Fraction(behind_s)


def _prefixed(packet: Packet[Stream]) -> Packet[Stream]:
    """Return an Annex B packet with length prefixes."""
    prefixed: Packet[Stream] = Packet(length_prefixed(bytes(packet)))
    prefixed.is_keyframe = packet.is_keyframe
    return prefixed
