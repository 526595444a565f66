"""BuiltinDescriber: a window's title, text and importance from its measurements."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from analyzer.describe.builtin.clauses import MAX_SEVERAL, action, main_way
from analyzer.describe.builtin.course import Course, at_once, course
from analyzer.describe.builtin.details import ends, extent, light, timing
from analyzer.describe.builtin.phrasing import Phrasing, capital, number, seconds
from analyzer.describe.builtin.titles import title
from analyzer.describe.moment import Moment
from analyzer.signal.activity import Activity
from analyzer.signal.window import Window

_BRIEF_S = 2.0


class BuiltinDescriber:
    """Puts a window's measurements into plain English; never says what moved, for it cannot know."""

    model = "builtin"

    async def describe(self, window: Window) -> Moment:
        """Describe a window. The words depend on the window alone, and are the same on every run."""
        started_s = time.monotonic()
        courses = tuple(course(mover) for mover in window.activity.movers)
        voice = Phrasing(window)
        return Moment(
            window=window,
            title=title(window, courses, voice),
            text=" ".join(_sentences(window, courses, voice)),
            importance=importance(window.activity, window.end_s - window.start_s),
            tags=_tags(window, courses),
            model=self.model,
            latency_s=time.monotonic() - started_s,
        )

    def tokens(self, window: Window) -> int:  # noqa: ARG002  # the seam's
        """Nothing is paid for these words."""
        return 0

    async def close(self) -> None:
        """Nothing is held."""


def importance(activity: Activity, duration_s: float) -> float:
    """0.0 to 10.0, growing with each of share, active time, movers, their travel, cuts and light.

    Shares count by their logarithm, from 0.1 % (a far walker) to 30 % (a lorry close by), so that the
    moments of a wide view spread over the scale as those of a near one do.
    """
    share = min(1.0, max(0.0, math.log(max(activity.share, 1e-9) / 0.001, 300)))
    active = min(1.0, activity.active_s / duration_s) if duration_s > 0 else 0.0
    movers = 1 - 0.75 ** len(activity.movers)
    travel = 1 - 0.5 ** sum(math.hypot(m.x1 - m.x0, m.y1 - m.y0) for m in activity.movers)
    events = 1 - 0.4 ** len(activity.cuts) * 0.6 ** len(activity.light)
    points = 3.0 * share + 2.5 * active + 2.0 * movers + 1.5 * travel + 1.0 * events
    return round(points, 1)


def _sentences(window: Window, courses: Sequence[Course], voice: Phrasing) -> list[str]:
    """One to three sentences, the most telling first."""
    activity = window.activity
    if activity.cuts:
        return _cut_sentences(window, courses, voice)
    if not courses:
        return _still_sentences(window, voice)
    start_s, end_s = window.start_s, window.end_s
    when = timing(courses, start_s, end_s, voice)
    more = extent(activity.share, voice)
    if len(courses) == 1:
        when = ends(courses[0], start_s, end_s) or when
    if activity.light:
        more = f"Meanwhile {light(activity.light, voice)}."
    else:
        more = voice.pick("length", more, "", more)
    return [sentence for sentence in (f"{capital(action(courses, voice))}.", when, more) if sentence]


def _cut_sentences(window: Window, courses: Sequence[Course], voice: Phrasing) -> list[str]:
    cuts = window.activity.cuts
    at = seconds(cuts[0] - window.start_s)
    if len(cuts) > 1:
        many = number(len(cuts))
        times = "twice" if len(cuts) == 2 else f"{many} times"
        told = [
            voice.pick(
                "cuts",
                f"{capital(many)} hard cuts follow each other, the first after {at}.",
                f"The picture is replaced {times}, for the first time after {at}.",
                f"There are {many} hard cuts, the first of them after {at}.",
            )
        ]
        it, last, them = "the first", "the last", "them"
    else:
        told = [
            voice.pick(
                "cut",
                f"After {at} the whole picture is replaced by another.",
                f"A hard cut comes after {at}.",
                f"The picture cuts to another after {at}.",
            )
        ]
        it = last = them = "it"
    before = [each for each in courses if each.mover.end_s <= cuts[0]]
    after = [each for each in courses if each.mover.start_s >= cuts[-1]]
    if before:
        told.append(f"Before {it}, {action(before, voice)}.")
    if after:
        told.append(f"After {last}, {action(after, voice)}.")
    if courses and not before and not after:
        told.append(f"Around {them}, {action(courses, voice)}.")
    return told if courses else [*told, _rest(window.activity, voice)]


def _rest(activity: Activity, voice: Phrasing) -> str:
    """What there was besides a cut or the light, when nothing could be followed."""
    if activity.active_s > 2:
        return "Nothing else could be followed."
    return voice.pick(
        "rest",
        "Apart from that, the picture is still.",
        "Hardly anything else changes.",
        "The rest of the time it is still.",
    )


def _still_sentences(window: Window, voice: Phrasing) -> list[str]:
    """For a window in which nothing could be followed."""
    activity = window.activity
    if activity.light:
        at = seconds(activity.light[0].at_s - window.start_s)
        if len(activity.light) > 2:
            return [f"{capital(light(activity.light, voice))}, first after {at}.", _rest(activity, voice)]
        told = voice.pick(
            "when light",
            f"after {at} {light(activity.light, voice)}",
            f"{light(activity.light, voice)}, {at} in",
        )
        return [f"{capital(told)}.", _rest(activity, voice)]
    lasting = seconds(activity.active_s)
    told = voice.pick(
        "scattered",
        f"Small movements come and go, for {lasting} in all.",
        f"Something stirs for {lasting}, too briefly to follow."
        if activity.active_s < _BRIEF_S
        else "Something keeps stirring, but nothing could be followed.",
        f"There is movement for {lasting}, but nothing could be followed.",
    )
    return [told, extent(activity.share, voice)]


def _tags(window: Window, courses: Sequence[Course]) -> tuple[str, ...]:
    """Short words for what the window holds, fit for telling kinds of windows apart."""
    activity = window.activity
    tags = [tag for tag, holds in (("cut", activity.cuts), ("light", activity.light)) if holds]
    if courses:
        tags.append(_crowd_size(courses))
        tags.append(_way(courses))
        tags += [word for word in (courses[0].size, courses[0].pace) if word]
    if activity.active_s < _BRIEF_S:
        tags.append("brief")
    elif activity.active_s > 0.9 * (window.end_s - window.start_s):
        tags.append("steady")
    return tuple(tags)


def _crowd_size(courses: Sequence[Course]) -> str:
    """How many were there at once; ``in-turn`` is one after another."""
    most = at_once(courses)
    if most == 1:
        return "single" if len(courses) == 1 else "in-turn"
    return "pair" if most == 2 else "several" if most <= MAX_SEVERAL else "many"


def _way(courses: Sequence[Course]) -> str:
    """The most important one's of up to two, and most of them's of more."""
    if len(courses) > 2:
        return main_way(courses)[0].replace(" ", "-") or "mixed"
    first = courses[0]
    return "there-and-back" if first.turn else first.way.replace(" ", "-") or "in-place"
