"""BuiltinDescriber: a window's title, text and importance from its measurements."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence

from analyzer.describe.builtin import noises
from analyzer.describe.builtin.clauses import MAX_SEVERAL, action, main_way
from analyzer.describe.builtin.course import Course, at_once, course
from analyzer.describe.builtin.details import ends, extent, light, timing
from analyzer.describe.builtin.phrasing import Phrasing, capital, number, seconds
from analyzer.describe.builtin.titles import title
from analyzer.describe.model.spoken import quoted
from analyzer.describe.moment import Moment
from analyzer.signal.activity import Activity
from analyzer.signal.window import Window

_BRIEF_S = 2.0
_MAX_QUOTED = 100  # characters of what was said


class BuiltinDescriber:
    """Describes a window by its measurements, in plain English; what moved is not measured, and not named."""

    model = "builtin"

    def __init__(
        self, sound_weights: Mapping[str, float] | None = None, other_weight: float = noises.OTHER_WEIGHT
    ) -> None:
        """``sound_weights`` say how much sound counts, 0 to 1, by camera; others have ``other_weight``."""
        self._sound_weights = sound_weights or {}
        self._other_weight = other_weight

    async def describe(self, window: Window) -> Moment:
        """Describe a window. The text depends on the window alone, and is the same on every run."""
        started_s = time.monotonic()
        courses = tuple(course(mover) for mover in window.activity.movers)
        phrasing = Phrasing(window)
        weight = self._sound_weights.get(window.camera, self._other_weight)
        motion = importance(window.activity, window.end_s - window.start_s)
        return Moment(
            window=window,
            title=title(window, courses, phrasing),
            text=" ".join([*_sentences(window, courses, phrasing), *_quoted(window)]),
            importance=noises.weighed(motion, window.sound, weight),
            tags=_tags(window, courses),
            model=self.model,
            latency_s=time.monotonic() - started_s,
        )

    def tokens(self, window: Window) -> int:  # noqa: ARG002  # the seam's
        """Return 0: no model is asked."""
        return 0

    async def close(self) -> None:
        """Do nothing: no model or connection is held."""


def importance(activity: Activity, duration_s: float) -> float:
    """Return 0.0 to 10.0, growing with each of share, active time, movers, their travel, cuts and light.

    Shares count by their logarithm, from 0.1 % (a far walker) to 30 % (a lorry close by), so that the
    moments of a wide view spread over the scale as those of a close one do.
    """
    share = min(1.0, max(0.0, math.log(max(activity.share, 1e-9) / 0.001, 300)))
    active = min(1.0, activity.active_s / duration_s) if duration_s > 0 else 0.0
    movers = 1 - 0.75 ** len(activity.movers)
    travel = 1 - 0.5 ** sum(math.hypot(m.x1 - m.x0, m.y1 - m.y0) for m in activity.movers)
    events = 1 - 0.4 ** len(activity.cuts) * 0.6 ** len(activity.light)
    points = 3.0 * share + 2.5 * active + 2.0 * movers + 1.5 * travel + 1.0 * events
    return round(points, 1)


def _sentences(window: Window, courses: Sequence[Course], phrasing: Phrasing) -> list[str]:
    """Return one to four sentences, the most informative first."""
    of_sound = noises.sentences(window, phrasing)
    if of_sound and not noises.moves(window):
        still = phrasing.pick("still picture", "The picture is still.", "Nothing in the picture moves.")
        return [*of_sound, still]
    return [*_of_picture(window, courses, phrasing), *of_sound]


def _quoted(window: Window) -> list[str]:
    """Return what was said, marked as what a recogniser understood; nothing where it is not known."""
    said = " ".join(part.text for part in window.speech if part.text)
    return [f"Recognised speech: {quoted(said, _MAX_QUOTED)}."] if said else []


def _of_picture(window: Window, courses: Sequence[Course], phrasing: Phrasing) -> list[str]:
    """Return one to three sentences on the picture."""
    activity = window.activity
    if activity.cuts:
        return _cut_sentences(window, courses, phrasing)
    if not courses:
        return _still_sentences(window, phrasing)
    start_s, end_s = window.start_s, window.end_s
    when = timing(courses, start_s, end_s, phrasing)
    more = extent(activity.share, phrasing)
    if len(courses) == 1:
        when = ends(courses[0], start_s, end_s) or when
    if activity.light:
        more = f"Meanwhile {light(activity.light, phrasing)}."
    else:
        more = phrasing.pick("length", more, "", more)
    return [sentence for sentence in (f"{capital(action(courses, phrasing))}.", when, more) if sentence]


def _cut_sentences(window: Window, courses: Sequence[Course], phrasing: Phrasing) -> list[str]:
    cuts = window.activity.cuts
    at = seconds(cuts[0] - window.start_s)
    if len(cuts) > 1:
        many = number(len(cuts))
        times = "twice" if len(cuts) == 2 else f"{many} times"
        sentences = [
            phrasing.pick(
                "cuts",
                f"{capital(many)} hard cuts follow one another, the first after {at}.",
                f"The picture is replaced {times}, for the first time after {at}.",
                f"There are {many} hard cuts, the first after {at}.",
            )
        ]
        it, last, them = "the first", "the last", "them"
    else:
        sentences = [
            phrasing.pick(
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
        sentences.append(f"Before {it}, {action(before, phrasing)}.")
    if after:
        sentences.append(f"After {last}, {action(after, phrasing)}.")
    if courses and not before and not after:
        sentences.append(f"Around {them}, {action(courses, phrasing)}.")
    return sentences if courses else [*sentences, _rest(window.activity, phrasing)]


def _rest(activity: Activity, phrasing: Phrasing) -> str:
    """Return what there was besides a cut or a change of light, where nothing could be tracked."""
    if activity.active_s > 2:
        return "Nothing else could be tracked."
    return phrasing.pick(
        "rest",
        "Apart from that, the picture is still.",
        "Hardly anything else changes.",
        "Otherwise the picture is still.",
    )


def _still_sentences(window: Window, phrasing: Phrasing) -> list[str]:
    """Return the sentences for a window in which nothing could be tracked."""
    activity = window.activity
    if activity.light:
        at = seconds(activity.light[0].at_s - window.start_s)
        if len(activity.light) > 2:
            clause = capital(light(activity.light, phrasing))
            return [f"{clause}, for the first time after {at}.", _rest(activity, phrasing)]
        clause = phrasing.pick(
            "when light",
            f"after {at} {light(activity.light, phrasing)}",
            f"{at} in, {light(activity.light, phrasing)}",
        )
        return [f"{capital(clause)}.", _rest(activity, phrasing)]
    lasting = seconds(activity.active_s)
    sentence = phrasing.pick(
        "scattered",
        f"Small movements come and go, for {lasting} in all.",
        f"Something moves for {lasting}, too briefly to be tracked."
        if activity.active_s < _BRIEF_S
        else "Something keeps moving, but nothing could be tracked.",
        f"There is movement for {lasting}, but nothing could be tracked.",
    )
    return [sentence, extent(activity.share, phrasing)]


def _tags(window: Window, courses: Sequence[Course]) -> tuple[str, ...]:
    """Return short words for what the window holds, by which kinds of windows can be distinguished."""
    activity = window.activity
    tags = [tag for tag, holds in (("cut", activity.cuts), ("light", activity.light)) if holds]
    if courses:
        tags.append(_crowd_size(courses))
        tags.append(_way(courses))
        tags += [word for word in (courses[0].size, courses[0].pace) if word]
    tags += noises.tags(window.sound)
    if not noises.moves(window):
        return tuple(tags)
    if activity.active_s < _BRIEF_S:
        tags.append("brief")
    elif activity.active_s > 0.9 * (window.end_s - window.start_s):
        tags.append("steady")
    return tuple(tags)


def _crowd_size(courses: Sequence[Course]) -> str:
    """Return how many were there at once, in a word; ``in-turn`` is one after another."""
    most = at_once(courses)
    if most == 1:
        return "single" if len(courses) == 1 else "in-turn"
    return "pair" if most == 2 else "several" if most <= MAX_SEVERAL else "many"


def _way(courses: Sequence[Course]) -> str:
    """Return the direction of the most important of up to two movers, and the main direction of more."""
    if len(courses) > 2:
        return main_way(courses)[0].replace(" ", "-") or "mixed"
    first = courses[0]
    return "there-and-back" if first.turn else first.way.replace(" ", "-") or "in-place"
