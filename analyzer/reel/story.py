"""The story of a reel: narrative, WebVTT captions and Markdown page."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import assert_never

from analyzer.describe.builtin.phrasing import capital, number
from analyzer.describe.moment import Moment
from analyzer.reel.records import Chapter, Choice, Gap, GapReason, Part, Reel, Story
from analyzer.signal.sound.record import Speech
from base.clock import parse_utc
from base.local_time import end_text, length_text, local, span_text, time_text, zone

MAX_STORY_TITLE_CHARS = 80
_LEAST_CUE_S = 0.5  # what is shown for a shorter time cannot be read
_CUE_LINE_CHARS = 42  # what fits a phone held upright, and the usual line of broadcast subtitles

_OPENING_WORDS = """
    a after all almost an and another any around as at barely both brief brightness change during early
    everything few first for from half hardly here in it its later light little many more most motion
    movement near nearly nothing now of on once only over people quick several slow small some someone
    something still the their then there these they this throughout together until what when while with
"""
_SMALL = frozenset(_OPENING_WORDS.split()) | frozenset(number(n) for n in range(1, 100))
"""First words that a sentence may lose its capital on; any other may be a name."""

_AT_ONCE = ("Right after that", "Straight afterwards")
_SOON = ("Next", "Then", "After that", "A little later")
AT_ONCE_S = 4.0  # a pause that is shorter goes unnoticed
_SAME = ("At the same time", "Meanwhile")
_LAST = ("Finally", "To close", "Last of all")
_ABBREVIATION = re.compile(r"\b(?:[A-Z]|[a-z]\.[a-z]|Mr|Mrs|Ms|Dr|St|No|vs|approx|ca|etc)\.$")


def narrate(
    choices: Sequence[Choice], gaps: Sequence[Gap], cameras: Sequence[str], *, media_time: bool = False
) -> Story:
    """Write a sentence for each choice, in time order, from the text of its moment.

    Times are wall times, or with ``media_time`` (files, whose wall time means nothing) places in the
    media. Gaps are not mentioned, but no "a minute later" reaches across one, nor from a file to the next.
    Cameras, or files, are named where there are several.
    """
    if not choices:
        return Story("Nothing to show", "", ())
    sentences: list[str] = []
    for i, choice in enumerate(choices):
        earlier = choices[i - 1] if i else None
        link = _link(earlier, choice, gaps, i, media_time=media_time)
        if i == len(choices) - 1 >= 2:
            link = _last(link, i)
        if len(cameras) > 1 and (earlier is None or _camera(earlier) != _camera(choice)):
            link += f" {'in' if media_time else 'on camera'} {_camera(choice)}"
        sentences.append(_sentence(link, choice.moment))
    return Story(_title(choices), " ".join(sentences), tuple(sentences))


def _title(choices: Sequence[Choice]) -> str:
    """The most important moment's title, and how many more there are."""
    best = max(choices, key=lambda choice: choice.moment.importance).moment
    others = len(choices) - 1
    more = f", and {number(others)} more moment{'s' if others > 1 else ''}" if others else ""
    return _shortened(_one_line(best.title), MAX_STORY_TITLE_CHARS - len(more)) + more


def _shortened(title: str, most: int) -> str:
    """At most so many characters: without its last part if it has parts, else cut between words."""
    if len(title) <= most:
        return title
    head, comma, _ = title.rpartition(", ")
    if comma and len(head) <= most:
        return head
    return title[: most - 1].rpartition(" ")[0].rstrip(" ,") + "…"


def _link(earlier: Choice | None, choice: Choice, gaps: Sequence[Gap], i: int, *, media_time: bool) -> str:
    """The words that place a choice in time, after the one before it."""
    clock = _clock(choice.moment, choice.start_s, media_time=media_time)
    another_file = media_time and earlier is not None and _camera(earlier) != _camera(choice)
    if earlier is None or another_file or _gap_between(earlier.moment, choice.moment, gaps):
        return f"At {clock}"
    if not media_time and local(_start(choice)).date() != local(_start(earlier)).date():
        return f"On {local(_start(choice)):%Y-%m-%d} at {clock}"
    if media_time:
        later_s = choice.start_s - earlier.start_s
    else:
        later_s = (_start(choice) - _start(earlier)).total_seconds()
    if later_s < 5 and _camera(choice) != _camera(earlier):
        return _SAME[i % len(_SAME)]
    if later_s < 15:
        words = _AT_ONCE if later_s - earlier.length_s < AT_ONCE_S else _SOON
        return words[i % len(words)]
    span = _span(later_s)
    if later_s < 90:
        return (f"{span} later", f"At {clock}")[i % 2]
    return (f"{span} later, at {clock}", f"At {clock}, {span.lower()} later", f"Then, at {clock}")[i % 3]


def _last(link: str, i: int) -> str:
    word = _LAST[i % len(_LAST)]
    if link in _SOON or link in _AT_ONCE:
        return word
    link = link.removeprefix("Then, ")
    return f"{word}, {link[0].lower()}{link[1:]}"


def _span(seconds: float) -> str:
    """About how long, in words that start a sentence."""
    if seconds < 25:
        return "Some seconds"
    if seconds < 50:
        return "Half a minute"
    minutes = round(seconds / 60)
    if minutes <= 1:
        return "A minute"
    if minutes < 55:
        return f"{capital(number(minutes))} minutes"
    hours = round(seconds / 3600)
    return "An hour" if hours == 1 else f"{capital(number(hours))} hours"


def _gap_between(earlier: Moment, moment: Moment, gaps: Sequence[Gap]) -> bool:
    start, end = _wall(earlier), _wall(moment)
    seen = [gap for gap in gaps if gap.camera in {earlier.window.camera, moment.window.camera}]
    return any(parse_utc(gap.start_utc) < end and parse_utc(gap.end_utc) > start for gap in seen)


def _sentence(link: str, moment: Moment) -> str:
    """The first sentence of the moment's text behind its link, one sentence together."""
    said = _first_sentence(_one_line(moment.text) or _one_line(moment.title))
    first, _, rest = said.partition(" ")
    if first.lower().rstrip(",") in _SMALL:
        said = f"{link}, {first.lower()} {rest}".rstrip()
    else:
        said = f"{link}: {said}"
    return said if said.endswith((".", "!", "?", "…")) else f"{said}."


def _first_sentence(text: str) -> str:
    for end in re.finditer(r"[.!?…][^\w\s]*\s+(?=\W*[A-Z0-9])", text):
        head = text[: end.end()].rstrip()
        if not _ABBREVIATION.search(head):
            return head
    return text


def captions(chapters: Sequence[Chapter]) -> str:
    """The chapters' sentences as WebVTT, one cue for each at its place in the reel, and what is said there.

    What is said has cues of its own, at the top of the picture, so that a player shows both.
    """
    cues: list[tuple[float, str]] = []
    for nth, chapter in enumerate(chapters, 1):
        cues.append((chapter.reel_start_s, _chapter_cue(nth, chapter)))
        cues += _spoken_cues(nth, chapter)
    in_order = [cue for _, cue in sorted(cues, key=lambda each: each[0])]  # as WebVTT demands
    return "\n\n".join(["WEBVTT", *in_order]) + "\n"


def _chapter_cue(nth: int, chapter: Chapter) -> str:
    times = f"{_cue_time(chapter.reel_start_s)} --> {_cue_time(chapter.reel_end_s)}"
    lines = textwrap.wrap(_one_line(chapter.sentence), _CUE_LINE_CHARS)
    return "\n".join((str(nth), times, *map(_entities, lines)))


def _spoken_cues(nth: int, chapter: Chapter) -> Iterator[tuple[float, str]]:
    """Yield the cues of what is said in a chapter, each with its start in the reel."""
    whole = Part(chapter.start_s, chapter.end_s, chapter.reel_start_s, chapter.reel_end_s)
    number_ = 0
    for part in chapter.parts or (whole,):
        for speech in chapter.moment.window.speech:
            placed = _in_reel(speech, part)
            if placed is None or not speech.text:
                continue
            number_ += 1
            start_s, end_s = placed
            times = f"{_cue_time(start_s)} --> {_cue_time(end_s)} line:0"
            lines = list(map(_entities, textwrap.wrap(f"“{_one_line(speech.text)}”", _CUE_LINE_CHARS)))
            lines[0] = f"<v speaker unknown>{lines[0]}"
            yield start_s, "\n".join((f"{nth}-said-{number_}", times, *lines))


def _in_reel(speech: Speech, part: Part) -> tuple[float, float] | None:
    """Return when a part of a chapter shows speech, in the reel; None where it shows hardly any of it.

    A keyframe of a slideshow, which stands for one instant, shows what is said then.
    """
    if part.end_s <= part.start_s:
        says = speech.start_s <= part.start_s <= speech.end_s
        return (part.reel_start_s, part.reel_end_s) if says else None
    start_s, end_s = max(speech.start_s, part.start_s), min(speech.end_s, part.end_s)
    if end_s - start_s < min(_LEAST_CUE_S, (speech.end_s - speech.start_s) / 2):
        return None
    begin_s = part.reel_start_s + start_s - part.start_s
    return begin_s, min(part.reel_end_s, begin_s + end_s - start_s)


def _cue_time(seconds: float) -> str:
    whole, ms = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{ms:03}"


def markdown(reel: Reel, *, media_time: bool = False, complete: str | None = None) -> str:
    """The reel's page: story with links into the video, chapters, gaps, and what the chooser changed.

    ``complete`` is what it says where no time was missed; None for the usual words.
    """
    parts = [
        f"# {_escape(reel.title)}",
        _summary(reel, media_time=media_time),
        " ".join(_linked(chapter) for chapter in reel.chapters) or "Nothing happened that could be shown.",
    ]
    if reel.chapters:
        parts += ["## Chapters", _table(reel, media_time=media_time)]
    gaps = [f"- {_gap_line(gap, reel, media_time=media_time)}" for gap in reel.gaps if gap.is_outage]
    parts += ["## Not observed", "\n".join(gaps) or complete or all_observed(media_time=media_time)]
    if reel.changed:
        parts += ["## What the chooser changed", "\n".join(f"- {_escape(line)}" for line in reel.changed)]
    return "\n\n".join(parts) + "\n"


def all_observed(*, media_time: bool) -> str:
    """Return what is said where no time was missed."""
    return "The whole file was read." if media_time else "Nothing: every second was observed."


def _summary(reel: Reel, *, media_time: bool) -> str:
    """One line: when, which cameras, how many chapters, how long."""
    many = "" if len(reel.chapters) == 1 else "s"
    shown = f"{len(reel.chapters)} chapter{many} in {length_text(reel.duration_s)}"
    facts = [_escape(", ".join(reel.cameras)), shown]
    if not media_time:
        facts.insert(0, span_text(reel.start_utc, reel.end_utc))
    return " · ".join(facts)


def _linked(chapter: Chapter) -> str:
    return f"[{_escape(chapter.sentence)}]({_place(chapter)})"


def _place(chapter: Chapter) -> str:
    """The chapter within the video, as a media fragment (W3C), which browsers seek to."""
    return f"reel.mp4#t={chapter.reel_start_s:.3f},{chapter.reel_end_s:.3f}"


def _table(reel: Reel, *, media_time: bool) -> str:
    when = "In the file" if media_time else f"Time ({zone(reel.start_utc)})"
    name = "File" if media_time else "Camera"
    rows = [f"| # | In the reel | {name} | {when} | Title | Why |"]
    rows.append("|--:|---|---|---|---|---|")
    for nth, chapter in enumerate(reel.chapters, 1):
        start = _clock(chapter.moment, chapter.named_start_s, media_time=media_time)
        end = _clock(chapter.moment, chapter.end_s, media_time=media_time)
        cells = (
            f"[{nth}]({_place(chapter)})",
            f"{length_text(chapter.reel_start_s)}-{length_text(chapter.reel_end_s)}",
            _escape(chapter.moment.window.camera),
            f"{start}-{end}",
            _escape(chapter.moment.title),
            _escape(chapter.reason),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _gap_words(reason: GapReason) -> str:  # noqa: PLR0911  # one for each reason
    """Return what happened to a camera, to follow its name."""
    match reason:
        case GapReason.STARTING:
            return "was being connected to"
        case GapReason.SOURCE_DOWN:
            return "was offline"
        case GapReason.SOURCE_STALLED:
            return "sent no pictures"
        case GapReason.UNREADABLE:
            return "could not be read (damaged or cut off)"
        case GapReason.DISABLED:
            return "was switched off"
        case GapReason.NOT_RUNNING:
            return "was not watched: livereel was not running"
        case GapReason.MOVED:
            return "was being handed over to another machine"
        case _:
            assert_never(reason)


def _gap_line(gap: Gap, reel: Reel, *, media_time: bool) -> str:
    span = _gap_span(gap, reel, media_time=media_time)
    name = _escape(gap.camera) if media_time else f"camera {_escape(gap.camera)}"
    return f"{span} {name} {_gap_words(gap.reason)}."


def _gap_span(gap: Gap, reel: Reel, *, media_time: bool) -> str:
    if media_time:
        zero = _media_zero(reel, gap.camera)
        ends = (parse_utc(gap.start_utc), parse_utc(gap.end_utc))
        return " to ".join(length_text((end - zero).total_seconds()) for end in ends)
    return f"{end_text(gap.start_utc, start=reel.start_utc)} to {end_text(gap.end_utc, start=gap.start_utc)}"


def _media_zero(reel: Reel, camera: str) -> datetime:
    """The wall time that stands for media time 0 of a file, as far as its chapters show."""
    windows = [chapter.moment.window for chapter in reel.chapters]
    if not windows:
        return parse_utc(reel.start_utc)
    window = next((window for window in windows if window.camera == camera), windows[0])
    return parse_utc(window.start_utc) - timedelta(seconds=window.start_s)


def _clock(moment: Moment, at_s: float, *, media_time: bool) -> str:
    """A media time of the moment's window as the reader's time."""
    if media_time:
        return length_text(at_s)
    return time_text(_wall(moment) + timedelta(seconds=at_s - moment.window.start_s))


def _start(choice: Choice) -> datetime:
    return _wall(choice.moment) + timedelta(seconds=choice.start_s - choice.moment.window.start_s)


def _camera(choice: Choice) -> str:
    return choice.moment.window.camera


def _wall(moment: Moment) -> datetime:
    return parse_utc(moment.window.start_utc)


def _escape(text: str) -> str:
    """Text as it is, in a Markdown line or table cell."""
    return re.sub(r"([\\`*_\[\]|~$#])", r"\\\1", _entities(_one_line(text)))


def _entities(text: str) -> str:
    """What both WebVTT and Markdown would take for markup (and for a cue's arrow), as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _one_line(text: str) -> str:
    return " ".join(text.split())
