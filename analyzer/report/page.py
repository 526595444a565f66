"""The report of a reel and the plot of a scan, as HTML pages.

Each page is one file that works from disk and without a network: styles, script and pictures are
inside it, and its Content-Security-Policy lets nothing else in. A report's video is the one thing
that is a file of its own.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from math import isnan
from operator import itemgetter
from typing import TYPE_CHECKING, Any, assert_never

from analyzer.reel.records import Chapter, Gap, GapReason, Part, Reel
from analyzer.reel.story import all_observed, captions
from analyzer.report.axis import Axis, Horizon, Tick, horizon, unix_s, x_ticks
from analyzer.report.chart import HEIGHT, WIDTH, Band, Chart, Mark, chart, dots, mark, thin
from analyzer.report.thumbnail import data_uri, thumbnail
from analyzer.signal.sound.record import Speech
from analyzer.signal.window import Keyframe, Window
from base.local_time import length_text, local, zone

if TYPE_CHECKING:
    from jinja2 import Environment

MAX_PICTURES = 200  # of a plot; about 20 kB each
MAX_REPORT_PICTURES = 60  # in addition to its chapters' own
MAX_POINTS = 20_000  # of the signal, over all cameras: an hour of one camera is 18 000
MAX_MARKS = 5_000  # peaks drawn, over all cameras


@dataclass(frozen=True, slots=True)
class _Picture:
    """A keyframe's picture: its id in the page, its ``data:`` URI, its time and its place."""

    id: str
    src: str
    label: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class _Panel:
    """A camera's chart and what stands on it: dots without a picture, pictures, chapters by number."""

    chart: Chart
    dots: str
    pictures: tuple[_Picture, ...]
    chapters: Mapping[int, Band]
    series: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Panels:
    """The charts of a page over one horizon; ``hidden`` counts the keyframes whose picture is left out."""

    panels: tuple[_Panel, ...]
    axis: Axis
    shown: Horizon
    ticks: tuple[Tick, ...]
    hidden: int

    @property
    def zone(self) -> str:
        """The zone of its times, where they are wall time."""
        return zone(datetime.fromtimestamp(self.shown.start_s, UTC))


def report(
    reel: Reel,
    windows: Sequence[Window],
    *,
    poster: bytes | None,
    media_time: bool,
    video_src: str = "reel.mp4",
    complete: str | None = None,
) -> str:
    """The report of a reel: player, story, chapters, signal, gaps and what the chooser changed.

    Args:
        reel: what to show.
        windows: all windows of the reel's horizon; the chapters' own are added where they are missing.
        poster: a JPEG to show before the video plays.
        media_time: times as media time (a file) instead of the wall clock.
        video_src: where the video lies, relative to the page; or all of it, as a ``data:`` URI.
        complete: what is said where no time was missed; None for the usual words.
    """
    windows = _in_order([*windows, *(chapter.moment.window for chapter in reel.chapters)])
    panels = _panels(
        windows, reel.gaps, reel.chapters, media_time=media_time, max_pictures=MAX_REPORT_PICTURES
    )
    return _render(
        "report.html",
        title=reel.title,
        reel=reel,
        chapters=[_chapter(chapter, panels.axis) for chapter in reel.chapters],
        story=_story(reel),
        gaps=[_gap(gap, panels.axis) for gap in reel.gaps if gap.is_outage],
        all_observed=complete or all_observed(media_time=media_time),
        when=None if media_time else _when(reel.start_utc, reel.end_utc),
        length=length_text(reel.duration_s),
        poster=data_uri(poster, "image/jpeg") if poster else None,
        captions=data_uri(captions(reel.chapters).encode(), "text/vtt"),
        video_src=video_src,
        seeks="" if video_src.startswith("data:") else video_src,
        page=panels,
        data=_data(panels, reel.chapters),
    )


def plot(windows: Sequence[Window], *, title: str, gaps: Sequence[Gap] = (), media_time: bool = True) -> str:
    """The signal of scanned windows with threshold, noise floor, peaks and the peaks' pictures."""
    windows = _in_order(windows)
    panels = _panels(windows, gaps, (), media_time=media_time, max_pictures=MAX_PICTURES)
    return _render(
        "plot.html",
        title=title,
        windows=len(windows),
        quiet=sum(window.quiet for window in windows),
        peaks=sum(len(window.peaks) for window in windows),
        keyframes=sum(len(window.keyframes) for window in windows),
        gaps=[_gap(gap, panels.axis) for gap in gaps if not gap.is_short],
        all_observed=all_observed(media_time=media_time),
        page=panels,
        data=_data(panels, ()),
    )


def _in_order(windows: Iterable[Window]) -> list[Window]:
    unique = {window.id: window for window in windows}
    return sorted(unique.values(), key=lambda w: (unix_s(w.start_utc), w.index))


def _panels(
    windows: Sequence[Window],
    gaps: Sequence[Gap],
    chapters: Sequence[Chapter],
    *,
    media_time: bool,
    max_pictures: int,
) -> _Panels:
    axis = Axis.of(windows, gaps, media_time=media_time)
    shown = horizon(windows, gaps, axis)
    keyframes = [(w, k) for w in windows for k in w.keyframes if k.file]
    pictured = thin(keyframes, max_pictures, lambda item: item[1].value)
    cameras = list(dict.fromkeys([*(w.camera for w in windows), *(g.camera for g in gaps)]))
    panels: list[_Panel] = []
    for camera in cameras:
        drawn = chart(
            camera,
            [w for w in windows if w.camera == camera],
            [(gap, _reason(gap.reason)) for gap in gaps if gap.camera == camera],
            axis,
            shown,
            max_points=max(200, MAX_POINTS // len(cameras)),
            max_marks=max(50, MAX_MARKS // len(cameras)),
        )
        own = [(w, k) for w, k in pictured if w.camera == camera]
        pictures = _pictures(f"k{len(panels)}", own, drawn, axis, shown)
        panels.append(_panel(drawn, pictures, chapters, axis, shown))
    hidden = len(keyframes) - len(pictured)
    return _Panels(tuple(panels), axis, shown, x_ticks(shown, axis), hidden)


def _pictures(
    prefix: str, keyframes: Iterable[tuple[Window, Keyframe]], drawn: Chart, axis: Axis, shown: Horizon
) -> Iterator[_Picture]:
    for number, (window, keyframe) in enumerate(keyframes):
        if src := keyframe.file and thumbnail(keyframe.file):
            place = mark(window, keyframe, axis, shown, drawn.ceiling)
            yield _Picture(f"{prefix}-{number}", src, axis.label(place.at_s, tenths=True), place)


def _panel(
    drawn: Chart, pictures: Iterable[_Picture], chapters: Sequence[Chapter], axis: Axis, shown: Horizon
) -> _Panel:
    by_time = {picture.mark.at_s: picture for picture in pictures}
    plain = [m for m in drawn.marks if m.at_s not in by_time]
    pictures = tuple(by_time.values())
    peaks = [(m, None) for m in plain] + [(picture.mark, picture.id) for picture in pictures]
    series = {
        "start": drawn.series.start_s,
        "step": drawn.series.step_s,
        "values": [None if isnan(value) else _short(value) for value in drawn.series.values.tolist()],
        "peaks": sorted(((round(m.at_s, 3), _short(m.value), key) for m, key in peaks), key=itemgetter(0)),
    }
    bands = {n: _band(c, axis, shown) for n, c in enumerate(chapters, start=1) if _camera(c) == drawn.camera}
    return _Panel(drawn, dots(plain), pictures, bands, series)


def _camera(chapter: Chapter) -> str:
    return chapter.moment.window.camera


def _band(chapter: Chapter, axis: Axis, shown: Horizon) -> Band:
    left, right = (axis.media(chapter.moment.window, at_s) for at_s in (chapter.start_s, chapter.end_s))
    return Band(shown.at(left), shown.at(right), chapter.moment.title)


def _short(value: float) -> float:
    return round(value) if value >= 100 else round(value, 2)


def _data(page: _Panels, chapters: Sequence[Chapter]) -> dict[str, Any]:
    """What the page's script reads; times are seconds of the axis, or of the reel where named so."""
    return {
        "mediaTime": page.axis.media_time,
        "start": page.shown.start_s,
        "end": page.shown.end_s,
        "utcOffsets": page.axis.utc_offsets_s(page.shown.start_s, page.shown.end_s),
        "panels": [panel.series for panel in page.panels],
        "chapters": [
            {
                "reelStart": chapter.reel_start_s,
                "reelEnd": chapter.reel_end_s,
                "start": page.axis.media(chapter.moment.window, chapter.start_s),
                "end": page.axis.media(chapter.moment.window, chapter.end_s),
                "parts": [_part(part, chapter.moment.window, page.axis) for part in _parts(chapter)],
            }
            for chapter in chapters
        ],
    }


def _parts(chapter: Chapter) -> Sequence[Part]:
    whole = Part(chapter.start_s, chapter.end_s, chapter.reel_start_s, chapter.reel_end_s)
    return chapter.parts or (whole,)


def _part(part: Part, window: Window, axis: Axis) -> dict[str, float]:
    return {
        "reelStart": part.reel_start_s,
        "reelEnd": part.reel_end_s,
        "start": axis.media(window, part.start_s),
        "end": axis.media(window, part.end_s),
    }


def _chapter(chapter: Chapter, axis: Axis) -> dict[str, Any]:
    """A chapter as the template shows it."""
    window = chapter.moment.window
    return {
        "chapter": chapter,
        "moment": chapter.moment,
        "said": [part.text for part in window.speech if part.text and _is_shown(part, chapter)],
        "thumbnail": _best_picture(chapter),
        "reel": length_text(chapter.reel_start_s),
        "start": axis.label(axis.media(window, chapter.named_start_s)),
        "end": axis.label(axis.media(window, chapter.end_s)),
        "start_utc": window.start_utc,
    }


def _is_shown(speech: Speech, chapter: Chapter) -> bool:
    """Whether some of the speech falls into a chapter."""
    return speech.end_s > chapter.start_s and speech.start_s < chapter.end_s


def _best_picture(chapter: Chapter) -> str | None:
    """The strongest keyframe that the chapter shows; else the window's strongest."""
    keyframes = sorted(
        (k for k in chapter.moment.window.keyframes if k.file),
        key=lambda k: (chapter.shows(k.pts_s), k.value),
        reverse=True,
    )
    return next((src for k in keyframes if k.file and (src := thumbnail(k.file))), None)


def _story(reel: Reel) -> list[tuple[str, int | None]]:
    """The narrative in pieces: each chapter's sentence with its number, what stands between without."""
    pieces: list[tuple[str, int | None]] = []
    rest = reel.narrative
    for number, chapter in enumerate(reel.chapters, start=1):
        before, found, after = rest.partition(chapter.sentence) if chapter.sentence else (rest, "", "")
        if found:
            pieces += [(before, None), (found, number)]
            rest = after
    return [piece for piece in [*pieces, (rest, None)] if piece[0]]


def _gap(gap: Gap, axis: Axis) -> dict[str, Any]:
    start_s, end_s = axis.wall(gap.camera, gap.start_utc), axis.wall(gap.camera, gap.end_utc)
    return {
        "camera": gap.camera,
        "start": axis.label(start_s),
        "end": axis.label(end_s),
        "lasted": length_text(end_s - start_s),
        "reason": _reason(gap.reason),
    }


def _reason(reason: GapReason) -> str:  # noqa: PLR0911  # one for each reason
    match reason:
        case GapReason.STARTING:
            return "The camera was being connected to"
        case GapReason.SOURCE_DOWN:
            return "The source was down"
        case GapReason.SOURCE_STALLED:
            return "The source sent no new pictures"
        case GapReason.UNREADABLE:
            return "The recording is damaged or cut off here"
        case GapReason.DISABLED:
            return "The camera was switched off"
        case GapReason.NOT_RUNNING:
            return "livereel was not running"
        case GapReason.MOVED:
            return "The camera was handed over to another machine"
        case _:
            assert_never(reason)


def _when(start_utc: str, end_utc: str) -> str:
    """``12 March 2026, 15:00:00 to 16:00:00 CET``, with the second date or zone where it differs."""
    start, end = local(start_utc), local(end_utc)
    first = f"{start.day} {start:%B %Y, %H:%M:%S}"
    last = f"{end:%H:%M:%S}" if end.date() == start.date() else f"{end.day} {end:%B %Y, %H:%M:%S}"
    changed = "" if zone(start) == zone(end) else f" {zone(start)}"
    return f"{first}{changed} to {last} {zone(end)}"


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - slow to import; pages are rare

    return Environment(
        loader=PackageLoader("analyzer.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _render(template: str, **values: Any) -> str:
    """Render with the script's hash in the page's policy, so that no other script can run."""
    templates = _templates()
    script = templates.get_template("script.html").render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = templates.get_template(template)
    return page.render(script=script, script_sha256=digest, width=WIDTH, height=HEIGHT, **values)
