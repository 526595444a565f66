"""The files of a recap: named, put in order, and cut to the part that is asked for."""

from __future__ import annotations

import glob
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from analyzer.reel.records import Gap, Span
from analyzer.signal.activity import Activity
from analyzer.signal.sound.record import Sound
from analyzer.signal.window import Clip, Keyframe, Window
from base.clock import utc_after
from base.local_time import length_text
from livereel.camera.settings import CameraSettings
from livereel.config.schema import UsageError
from livereel.once.interrupt import open_once
from livereel.once.request import WHOLE
from stream.part import FilePart
from stream.source import PacketSource, SourceError

Named = tuple[str, PacketSource]
"""A source with its name in windows and files."""


def expanded(sources: Sequence[str]) -> list[str]:
    """Return the sources, a pattern such as ``half*.mp4`` as the files that match it, in the order of names.

    Raises SourceError for a pattern that matches nothing.
    """
    found: list[str] = []
    for source in sources:
        is_pattern = "://" not in source and glob.has_magic(source) and not Path(source).exists()
        matches = glob.glob(source) if is_pattern else []  # noqa: PTH207  # the pattern may be a whole path
        if is_pattern and not matches:
            raise SourceError(source, "no file has such a name")
        found += sorted(matches, key=_by_number) or [source]
    return found


def _by_number(name: str) -> list[tuple[bool, int, str]]:
    """Order ``part2`` before ``part10``."""
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", name)]


def open_in_order(cameras: Sequence[CameraSettings], span: Span, stack: ExitStack) -> list[Named]:
    """Open all sources, each as the part of it that lies in the span; those outside of it are left out.

    The span counts over all files, as if they were joined. A file whose recorded time lies before the end of
    the one before it is taken to follow that one at once. Raises SourceError; UsageError where a live source
    is not alone or has a span, where one that never ends is not bounded, and where the span holds nothing.
    """
    sources = [(camera.name, stack.enter_context(closing(open_once(camera.source)))) for camera in cameras]
    live = next((source for _, source in sources if source.info.live), None)
    if live is not None and (len(sources) > 1 or span != WHOLE):
        raise UsageError(f"{live.info.address} is live: only files can be joined or cut with --from and --to")
    for n, (_, source) in enumerate(sources, 1):
        if source.info.endless and (n < len(sources) or math.isinf(span.end_s)):
            raise UsageError(
                f"{source.info.address} never ends: name it last, with --to, or add ?duration_s=60"
            )
    if live is not None or (len(sources) == 1 and span == WHOLE):
        return sources
    parts: list[Named] = []
    begin_s = 0.0
    ended: datetime | None = None
    for name, source in sources:
        length_s = source.info.duration_s or 0.0
        start_utc = max(source.info.start_utc, ended or source.info.start_utc)
        own = Span(max(0.0, span.start_s - begin_s), span.end_s - begin_s)
        if own.end_s > 0 and (own.start_s < length_s or not length_s):
            parts.append((name, FilePart(source, own.start_s, own.end_s, start_utc=start_utc)))
        begin_s += length_s
        ended = start_utc + timedelta(seconds=length_s)
    if not parts:
        whole = length_text(begin_s)
        raise UsageError(f"--from {length_text(span.start_s)}: it must be earlier than the end, {whole}")
    return parts


def placed(seen: Iterator[Window | Gap], source: PacketSource) -> Iterator[Window | Gap]:
    """Yield what was seen of a source, the windows of a file's part in the media time of the file."""
    for item in seen:
        if isinstance(item, Window) and isinstance(source, FilePart):
            window = _cut(_shifted(item, source.offset_s), Span(source.from_s, source.to_s))
            if window is not None:
                yield window
        else:
            yield item


def _shifted(window: Window, by_s: float) -> Window:
    """Return a window whose media time is later by so much."""
    if by_s == 0:
        return window
    clip = window.clip
    return replace(
        window,
        start_s=window.start_s + by_s,
        end_s=window.end_s + by_s,
        peaks=tuple(replace(peak, pts_s=peak.pts_s + by_s) for peak in window.peaks),
        keyframes=tuple(_keyframe(keyframe, by_s) for keyframe in window.keyframes),
        activity=_activity(window.activity, by_s),
        clip=clip and Clip(clip.path, clip.file_start_s + by_s),
        sound=window.sound and _sound(window.sound, by_s),
    )


def _keyframe(keyframe: Keyframe, by_s: float) -> Keyframe:
    return replace(keyframe, pts_s=keyframe.pts_s + by_s)


def _sound(sound: Sound, by_s: float) -> Sound:
    return replace(
        sound,
        peaks=tuple(replace(peak, pts_s=peak.pts_s + by_s) for peak in sound.peaks),
        speech=tuple(replace(it, start_s=it.start_s + by_s, end_s=it.end_s + by_s) for it in sound.speech),
    )


def _activity(activity: Activity, by_s: float) -> Activity:
    return replace(
        activity,
        movers=tuple(replace(m, start_s=m.start_s + by_s, end_s=m.end_s + by_s) for m in activity.movers),
        cuts=tuple(cut_s + by_s for cut_s in activity.cuts),
        light=tuple(replace(change, at_s=change.at_s + by_s) for change in activity.light),
    )


def _cut(window: Window, span: Span) -> Window | None:
    """Return a window without its unobserved time outside of the span; None if nothing is left."""
    steps = max(0, math.floor((span.start_s - window.start_s) / window.signal_step_s + 1e-6))
    late_s = steps * window.signal_step_s
    start_s, end_s = window.start_s + late_s, min(window.end_s, span.end_s)
    if end_s <= start_s:
        return None
    start_utc = utc_after(window.start_utc, late_s) if steps else window.start_utc
    sound = window.sound and _cut_sound(window.sound, late_s, Span(start_s, end_s))
    return replace(
        window,
        start_s=start_s,
        end_s=end_s,
        start_utc=start_utc,
        signal=window.signal[steps:],
        sound=sound,
    )


def _cut_sound(sound: Sound, late_s: float, span: Span) -> Sound:
    speech = (
        replace(it, start_s=max(it.start_s, span.start_s), end_s=min(it.end_s, span.end_s))
        for it in sound.speech
        if it.end_s > span.start_s and it.start_s < span.end_s
    )
    return replace(sound, levels=sound.levels[round(late_s / sound.level_step_s) :], speech=tuple(speech))
