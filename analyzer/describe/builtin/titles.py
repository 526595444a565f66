"""Titles of at most 60 characters."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.describe.builtin import noises
from analyzer.describe.builtin.clauses import across, largest, main_way, many, opposite, part
from analyzer.describe.builtin.course import Course, at_once
from analyzer.describe.builtin.details import light
from analyzer.describe.builtin.phrasing import Phrasing, capital, number
from analyzer.describe.moment import MAX_TITLE_CHARS
from analyzer.signal.activity import LightChange
from analyzer.signal.window import Window

_BRIEF_S = 2.0


def title(window: Window, courses: Sequence[Course], phrasing: Phrasing) -> str:
    """Return what distinguishes the window: cuts first, then movers, then light or sound."""
    activity = window.activity
    if activity.cuts:
        words = _cuts(window, courses, phrasing)
    elif courses:
        words = _movers(courses, phrasing)
        lit = f"{words}, and {_light(activity.light)}" if activity.light else words
        words = lit if len(lit) <= MAX_TITLE_CHARS else words
        noisy = f"{words}, with {noises.brief(window.sound)}" if noises.loud(window.sound) else words
        words = noisy if len(noisy) <= MAX_TITLE_CHARS else words
    elif not noises.moves(window) and window.sound is not None:
        words = noises.title(window.sound, phrasing)
    elif activity.light:
        words = light(activity.light, phrasing)
    else:
        brief = ("brief movements", "something moves briefly") if activity.active_s < _BRIEF_S else ()
        words = phrasing.pick("still", "small movements here and there", "slight movement", *brief)
    return capital(words)


def _cuts(window: Window, courses: Sequence[Course], phrasing: Phrasing) -> str:
    cuts = window.activity.cuts
    if len(cuts) > 1:
        moving = phrasing.pick("many cuts", " and movement", " with movement")
        return f"{number(len(cuts))} hard cuts{moving if courses else ''}"
    after = [course for course in courses if course.mover.start_s >= cuts[0]]
    before = [course for course in courses if course.mover.end_s <= cuts[0]]
    if after:
        words = f"a hard cut, then {_movers(after, phrasing)}"
    elif before:
        words = f"{_movers(before, phrasing)}, then a hard cut"
    else:
        words = phrasing.pick(
            "lone cut", "a hard cut between still pictures", "a cut to another picture", "a hard cut"
        )
    return words if len(words) <= MAX_TITLE_CHARS else "a hard cut with movement"


def _light(changes: Sequence[LightChange]) -> str:
    if len(changes) > 1:
        return "the light changes"
    return "the scene brightens" if changes[0].levels > 0 else "the scene darkens"


def _movers(courses: Sequence[Course], phrasing: Phrasing) -> str:
    if len(courses) == 1:
        return _one(courses[0], phrasing)
    most = at_once(courses)
    if len(courses) == 2:
        earlier, later = sorted(courses, key=lambda course: course.mover.start_s)
        return _two(earlier, later, phrasing) if most == 2 else _in_turn(earlier, later)
    return _crowd(courses, most, phrasing)


def _two(earlier: Course, later: Course, phrasing: Phrasing) -> str:
    """Return the title for two movers at the same time."""
    one, other = _course(earlier), _course(later)
    if opposite(earlier, later):
        return phrasing.pick(
            "title opposite",
            "two movers pass in opposite directions",
            "two movers, two directions",
            f"two movers, one {one} and one {other.removesuffix(' the picture')}",
        )
    if earlier.way and earlier.way == later.way:
        return phrasing.pick(
            "title same", f"two movers go {one}", f"two movers, both {one}", f"two movers heading {one}"
        )
    if one == other:
        return f"two movers {one}"
    wordings = (
        f"two movers: one {one}, one {other}",
        f"one mover {one}, another {other}",
        "two movers at the same time",
    )
    return phrasing.pick("title two", *(words for words in wordings if len(words) <= MAX_TITLE_CHARS))


def _in_turn(earlier: Course, later: Course) -> str:
    """Return the title for two movers one after the other: no count is stated."""
    one, other = _course(earlier), _course(later)
    if one == other:
        return f"movement {one}, twice"
    words = f"movement {one}, then {other}"
    return words if len(words) <= MAX_TITLE_CHARS else "movement, first one way and then another"


def _crowd(courses: Sequence[Course], most: int, phrasing: Phrasing) -> str:
    """Return the title for three or more movers, ``most`` of them at the same time."""
    way, count = main_way(courses)
    if most == 1:
        return "movement comes and goes" + (f", mostly {_short(way)}" if way else "")
    if most < len(courses):
        so_many = f"{many(most)} movers at once" if most <= 3 else f"{many(most)} movers"
        return so_many + (f", mostly {_short(way)}" if way else "")
    so_many = f"{many(most)} movers"
    if way and count == most:
        return phrasing.pick("title same", f"{so_many} go {_short(way)}", f"{so_many}, all {_short(way)}")
    if way:
        return f"{so_many}, {part(count, courses)} {_short(way)}"
    where = _course(largest(courses))
    return phrasing.pick("title crowd", f"{so_many}, the largest {where}", f"{so_many} at the same time")


def _course(course: Course) -> str:
    """Return its direction in few words, or its place."""
    return "there and back" if course.turn else _short(course.way) or course.start


def _short(way: str) -> str:
    return f"{way} the picture" if way in {"up", "down"} else way


def _one(course: Course, phrasing: Phrasing) -> str:
    size = f"{course.size} " if course.size else ""
    if course.turn:
        start, turn = (place.split(" ", 1)[1] for place in (course.start, course.turn))
        return phrasing.pick(
            "title turn", f"movement from {start} to {turn} and back", f"movement to {turn} and back"
        )
    if not course.way:
        return phrasing.pick(
            "title place",
            f"something {size}moves {course.start}",
            f"a {size}mover stays {course.start}",
            f"movement {course.start}",
        )
    if course.crosses:
        way = across(course)
        sides = way.removeprefix("from ")
        return phrasing.pick(
            "title crosses",
            f"something {size}crosses {way}",
            f"a {size}mover crosses {way}",
            f"movement all the way {way}",
            f"a {course.pace} crossing, {sides}".replace("  ", " "),
        )
    if course.start == course.end:
        return phrasing.pick(
            "title short",
            f"a short movement {_short(course.way)}, {course.start}",
            f"something {size}shifts {course.start}",
            f"a {size}mover {course.start}",
        )
    to = course.end.split(" ", 1)[1]
    return phrasing.pick(
        "title way",
        f"something {size}moves to {to}",
        f"a {size}mover goes {_short(course.way)}",
        f"movement from {course.start.split(' ', 1)[1]} to {to}",
        f"a {size}mover ends up {course.end}",
    )
