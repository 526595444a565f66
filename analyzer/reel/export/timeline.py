"""A reel as a timeline of its media: OpenTimelineIO, and an EDL (CMX 3600)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from analyzer.reel.export.edits import Edit
from analyzer.reel.records import ReelError
from stream.media.probe import Probe, probe

# Rates for which timecode exists.
_WHOLE_RATES = tuple(map(Fraction, (24, 25, 30, 48, 50, 60)))
_NTSC_RATES = tuple(Fraction(rate, 1001) for rate in (24_000, 30_000, 60_000))
_NEAR = 1e-3
_NOT_INSTALLED = "timelines need OpenTimelineIO, which is not installed: pip install '.[export]'"


def rate_of(fps: float) -> Fraction:
    """Return the timecode rate of media: its own where there is such a one, else a higher one.

    Of the higher ones the lowest that is a multiple of ``fps`` is taken, so that frames begin at its ticks;
    else the lowest; for more than 60 frames per second, 60.
    """
    own = [rate for rate in (*_WHOLE_RATES, *_NTSC_RATES) if abs(rate / fps - 1) < _NEAR / 3]
    higher = [rate for rate in _WHOLE_RATES if rate >= fps]
    multiples = [rate for rate in higher if abs(rate / fps - round(rate / fps)) < _NEAR]
    return next(iter((*own, *multiples, *higher, _WHOLE_RATES[-1])))


def otio_text(edits: Sequence[Edit], title: str, url_of: Callable[[Path], str]) -> str:
    """Return the timeline as OpenTimelineIO's JSON; ``url_of`` names a media file. Raises ReelError."""
    return str(_otio().adapters.write_to_string(_timeline(edits, title, url_of, None), "otio_json"))


def edl_text(edits: Sequence[Edit], title: str) -> str:
    """Return the timeline as an EDL at the rate of the first media file, whose reels are file names.

    Raises ReelError.
    """
    otio = _otio()
    rate = rate_of(probe(edits[0].media).fps)
    timeline = _timeline(edits, title, lambda path: path.name, rate)
    for clip in timeline.find_clips():
        clip.name = clip.media_reference.name  # by which editors find the file
    return str(otio.adapters.write_to_string(timeline, "cmx_3600", rate=float(rate)))


def _otio() -> Any:
    try:
        import opentimelineio  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise ReelError(_NOT_INSTALLED) from error
    return opentimelineio


def _timeline(edits: Sequence[Edit], title: str, url_of: Callable[[Path], str], rate: Fraction | None) -> Any:
    """Return a timeline of one video track at this rate, or at each file's own."""
    otio = _otio()
    probes = {path: probe(path) for path in dict.fromkeys(edit.media for edit in edits)}
    track = otio.schema.Track(name="reel", kind=otio.schema.TrackKind.Video)
    for edit in edits:
        media = probes[edit.media]
        clip = _clip(otio, edit, media, url_of(edit.media), float(rate or rate_of(media.fps)))
        marker = otio.schema.Marker(name=f"chapter {edit.chapter}", comment=edit.note)
        marker.marked_range = clip.source_range
        clip.markers.append(marker)
        track.append(clip)
    timeline = otio.schema.Timeline(name=title)
    timeline.tracks.append(track)
    return timeline


def _clip(otio: Any, edit: Edit, media: Probe, url: str, rate: float) -> Any:
    origin = otio.opentime.RationalTime(0, rate)
    if media.timecode is not None:
        origin = otio.opentime.from_timecode(media.timecode, rate)
    first, last = math.floor(edit.start_s * rate + _NEAR), math.ceil(edit.end_s * rate - _NEAR)
    length = otio.opentime.RationalTime(max(1, last - first), rate)
    span = otio.opentime.TimeRange(origin + otio.opentime.RationalTime(first, rate), length)
    there = otio.opentime.TimeRange(
        origin, otio.opentime.RationalTime(math.ceil((media.duration_s or edit.end_s) * rate), rate)
    )
    reference = otio.schema.ExternalReference(target_url=url, available_range=there)
    reference.name = edit.media.name
    return otio.schema.Clip(name=edit.title, media_reference=reference, source_range=span)
