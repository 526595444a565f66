"""Titles: a window in at most 60 characters."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.describe.builtin.clauses import across, main_way
from analyzer.describe.builtin.course import Course
from analyzer.describe.builtin.details import light
from analyzer.describe.builtin.phrasing import Voice, capital, number
from analyzer.describe.moment import MAX_TITLE_CHARS
from analyzer.signal.activity import LightChange
from analyzer.signal.window import Window


def title(window: Window, courses: Sequence[Course], voice: Voice) -> str:
    """What sets the window apart: cuts first, then movers, then light."""
    activity = window.activity
    if activity.cuts:
        words = _cuts(window, courses, voice)
    elif courses:
        words = _movers(courses, voice)
        lit = f"{words}, and {_light(activity.light)}" if activity.light else words
        words = lit if len(lit) <= MAX_TITLE_CHARS else words
    elif activity.light:
        words = light(activity.light, voice)
    else:
        words = voice.pick(
            "still", "brief stirrings", "small movements here and there", "a flicker of movement"
        )
    return capital(words)


def _cuts(window: Window, courses: Sequence[Course], voice: Voice) -> str:
    cuts = window.activity.cuts
    if len(cuts) > 1:
        moving = voice.pick("many cuts", ", and movement between", " with movement", " and a moving picture")
        return f"{number(len(cuts))} hard cuts{moving if courses else ''}"
    after = [course for course in courses if course.mover.start_s >= cuts[0]]
    before = [course for course in courses if course.mover.end_s <= cuts[0]]
    if after:
        words = f"a hard cut, then {_movers(after, voice)}"
    elif before:
        words = f"{_movers(before, voice)}, then a hard cut"
    else:
        words = voice.pick(
            "lone cut", "a hard cut between still shots", "a cut to another picture", "one hard cut"
        )
    return words if len(words) <= MAX_TITLE_CHARS else "a hard cut amid movement"


def _light(changes: Sequence[LightChange]) -> str:
    if len(changes) > 1:
        return "the light changes"
    return "it gets brighter" if changes[0].levels > 0 else "it gets darker"


def _movers(courses: Sequence[Course], voice: Voice) -> str:
    if len(courses) == 1:
        return _one(courses[0], voice)
    many = number(len(courses))
    way, count = main_way(courses)
    if len(courses) == 2 and {courses[0].way, courses[1].way} == {"left to right", "right to left"}:
        return voice.pick(
            "title opposite",
            "two movers pass in opposite directions",
            "two movers, two directions",
            "one goes left to right, one right to left",
        )
    if way and count == len(courses):
        return voice.pick(
            "title same",
            f"{many} movers go {_short(way)}",
            f"{many} movers, {'both' if len(courses) == 2 else 'all'} {_short(way)}",
            f"{_short(way)}: {many} movers",
        )
    if way and len(courses) > 2:
        return voice.pick(
            "title mostly",
            f"{many} movers, mostly {_short(way)}"
            if count * 2 > len(courses)
            else f"{many} movers, half of them {_short(way)}",
            f"{number(count)} of {many} movers go {_short(way)}",
        )
    if len(courses) == 2:
        return _two(courses[0], courses[1], voice)
    largest = max(courses, key=lambda course: course.mover.share)
    where = _short(largest.way) if largest.way else largest.start
    return voice.pick(
        "title crowd",
        f"{many} movers, the largest {where}",
        f"{many} movers, each its own way",
        f"a busy picture: {many} movers",
        f"{many} movers, one of them {where}",
    )


def _two(first: Course, second: Course, voice: Voice) -> str:
    """Two movers that share no way and do not pass each other."""
    one, other = (_short(each.way) or each.start for each in (first, second))
    if not first.way and not second.way:
        return f"two movers, {first.start} and {second.start}"
    earlier = one if first.mover.start_s <= second.mover.start_s else other
    wordings = (
        f"two movers: one {one}, one {other}",
        f"one {one}, another {other}",
        f"two movers, the first {earlier}",
        "two movers, each its own way",
    )
    return voice.pick("title two", *(words for words in wordings if len(words) <= MAX_TITLE_CHARS))


def _short(way: str) -> str:
    return f"{way} the picture" if way in {"up", "down"} else way


def _one(course: Course, voice: Voice) -> str:
    size = f"{course.size} " if course.size else ""
    if not course.way:
        return voice.pick(
            "title place",
            f"something {size}stirs {course.start}",
            f"a {size}mover stays {course.start}",
            f"movement {course.start}",
        )
    if course.crosses:
        sides = across(course).removeprefix("from ")
        return voice.pick(
            "title crosses",
            f"something {size}crosses {sides}",
            f"a {size}mover crosses {sides}",
            f"all the way {sides}",
            f"a {course.pace or 'single'} crossing, {sides}",
        )
    if course.start == course.end:
        return voice.pick(
            "title short",
            f"a short move {_short(course.way)}, {course.start}",
            f"something {size}shifts {course.start}",
            f"a {size}mover {course.start}",
        )
    to = course.end.split(" ", 1)[1]
    return voice.pick(
        "title way",
        f"something {size}moves to {to}",
        f"a {size}mover goes {_short(course.way)}",
        f"from {course.start.split(' ', 1)[1]} to {to}",
        f"a {size}mover ends up {course.end}",
    )
