"""What movers do, as clauses that state only what was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from analyzer.describe.builtin.course import Course, at_once
from analyzer.describe.builtin.phrasing import Phrasing, number, seconds

MAX_SEVERAL = 6
_LONG_S = 3.0  # a mover in place that lasts longer "keeps moving"
_OPPOSITE = ({"left to right", "right to left"}, {"up", "down"})


def action(courses: Sequence[Course], phrasing: Phrasing) -> str:
    """Return what the movers (at least one) do, as a clause without capital and full stop.

    A count is stated only of movers that were present at the same time.
    """
    if len(courses) == 1:
        return f"{_subject(courses[0], phrasing)} {_path(courses[0], phrasing)}"
    most = at_once(courses)
    if len(courses) == 2:
        earlier, later = sorted(courses, key=lambda course: course.mover.start_s)
        return _pair(earlier, later, phrasing) if most == 2 else _in_turn(earlier, later, phrasing)
    if most == len(courses):
        return _crowd(courses, phrasing)
    return _come_and_go(courses, most, phrasing)


def many(count: int) -> str:
    """Return a count of movers in words: more than three are not counted, as one may hide another."""
    return number(count) if count <= 3 else "several" if count <= MAX_SEVERAL else "many"


def _subject(course: Course, phrasing: Phrasing) -> str:
    if not course.size:
        return phrasing.pick("subject", "something", "a mover")
    return phrasing.pick("subject", f"something {course.size}", f"a {course.size} mover")


def _path(course: Course, phrasing: Phrasing) -> str:
    """Return verb and direction, for a singular subject."""
    if course.turn:
        return phrasing.pick(
            "turn",
            f"moves {_from_to(course.start, course.turn)} and back",
            f"goes {_from_to(course.start, course.turn)} and turns back",
            f"starts {course.start}, gets as far as {_bare(course.turn)} and turns back",
        )
    if not course.way or _hovers(course):
        return phrasing.pick(
            "in place",
            f"{'keeps moving' if course.life_s > _LONG_S else 'moves briefly'} {course.start}",
            f"moves {course.start} and stays there",
            f"moves about {course.start}",
        )
    adverb = {"fast": "quickly", "slow": "slowly"}.get(course.pace, "")
    quickly, before = (f" {adverb}", f"{adverb} ") if adverb else ("", "")
    lasting = seconds(course.life_s)
    if course.crosses:
        return phrasing.pick(
            "crossing",
            f"crosses the picture{quickly}, {across(course)}",
            f"goes{quickly} all the way {across(course)}",
            f"takes {lasting} to cross {across(course)}",
            f"passes{quickly} through the picture {across(course)}",
        )
    if course.start == course.end:
        return phrasing.pick(
            "short way",
            f"{before}moves a little way {_along(course.way)}, {course.start}",
            f"shifts{quickly} {_along(course.way)} {course.start}",
            f"{before}goes a short way {_along(course.way)}, {course.start}",
        )
    return phrasing.pick(
        "way",
        f"moves{quickly} {_from_to(course.start, course.end)}",
        f"goes{quickly} {_from_to(course.start, course.end)}",
        f"makes its way{quickly} {_from_to(course.start, course.end)}",
        f"starts {course.start} and ends {course.end}",
        f"travels{quickly} {_from_to(course.start, course.end)}",
    )


def _hovers(course: Course) -> bool:
    """Whether it moves diagonally within one part: "towards the lower left, in the upper left" misleads."""
    return course.start == course.end and course.way.startswith("towards")


def across(course: Course) -> str:
    """Return the direction of a mover that crosses the picture."""
    sides = {"up": "from bottom to top", "down": "from top to bottom"}
    return sides.get(course.way) or _along(course.way)


def _along(way: str) -> str:
    if way in {"up", "down"}:
        return f"{way} the picture"
    return f"from {way}" if " to " in way else way


def _from_to(start: str, end: str) -> str:
    return f"from {_bare(start)} to {_bare(end)}"


def _bare(place: str) -> str:
    """Return a place without its preposition."""
    return place.split(" ", 1)[1]


def opposite(first: Course, second: Course) -> bool:
    """Whether two movers go in opposite directions."""
    return {first.way, second.way} in _OPPOSITE


def _pair(earlier: Course, later: Course, phrasing: Phrasing) -> str:
    """Return what two movers do at the same time."""
    if opposite(earlier, later):
        ways = f"one {_along(earlier.way)}, the other {_along(later.way).removesuffix(' the picture')}"
        return phrasing.pick(
            "opposite",
            f"two movers pass in opposite directions, {ways}",
            f"two movers go opposite ways at the same time, {ways}",
            f"there are two movers, {ways}",
        )
    if earlier.way and earlier.way == later.way:
        return phrasing.pick(
            "same way",
            f"two movers go {_along(earlier.way)} at the same time",
            f"two movers both go {_along(earlier.way)}",
            f"two movers head the same way, {_along(earlier.way)}",
        )
    one, other = _verb(earlier), _verb(later)
    if one == other:
        return phrasing.pick(
            "two alike", f"two movers are in view: each {one}", f"there are two movers: each {one}"
        )
    return phrasing.pick(
        "two at once",
        f"one mover {one} while another {other}",
        f"while one mover {one}, another {other}",
        f"there are two movers: one {one}, the other {other}",
    )


def _in_turn(earlier: Course, later: Course, phrasing: Phrasing) -> str:
    """Return what two movers do one after the other. They may be the same one: no count is stated."""
    one, other = _verb(earlier), _verb(later)
    if one == other:
        return phrasing.pick(
            "again", f"something {one}, and later something does so again", f"something {one}, twice"
        )
    return phrasing.pick(
        "in turn",
        f"first something {one}, then something {other}",
        f"something {one}, and after that something {other}",
        f"something {one}, and later something {other}",
    )


def _verb(course: Course) -> str:
    if course.turn:
        return f"goes {_from_to(course.start, course.turn)} and back"
    if not course.way:
        return f"moves {course.start}"
    if _hovers(course):
        return f"moves about {course.start}"
    if course.crosses:
        return f"crosses {across(course)}"
    return f"goes {_along(course.way)}" + (f" {course.start}" if course.start == course.end else "")


def main_way(courses: Sequence[Course]) -> tuple[str, int]:
    """Return the direction that at least half of the movers take (else empty), and how many take it."""
    way, count = Counter(course.way for course in courses).most_common(1)[0]
    return (way, count) if way and count * 2 >= len(courses) else ("", 0)


def part(count: int, courses: Sequence[Course]) -> str:
    """Return a count of movers, at least half of them, in words."""
    return "most of them" if count * 2 > len(courses) else "half of them"


def largest(courses: Sequence[Course]) -> Course:
    """Return the mover that changed the largest share of the picture."""
    return max(courses, key=lambda course: course.mover.share)


def _crowd(courses: Sequence[Course], phrasing: Phrasing) -> str:
    """Return what three or more movers do at the same time."""
    so_many = many(len(courses))
    way, count = main_way(courses)
    if way and count == len(courses):
        return phrasing.pick(
            "crowd one way",
            f"{so_many} movers all go {_along(way)}",
            f"{so_many} movers go the same way, {_along(way)}",
        )
    if way:
        return phrasing.pick(
            "crowd mostly",
            f"{so_many} movers are in view, {part(count, courses)} going {_along(way)}",
            f"{so_many} movers share the picture, {part(count, courses)} heading {_along(way)}",
        )
    if not any(course.way or course.turn for course in courses):
        return f"{so_many} movers stay in place, the main one {courses[0].start}"
    # Among so many, one that seems to turn back may be two that were confused.
    what = f"the largest {_path(replace(largest(courses), turn=''), phrasing)}"
    return phrasing.pick(
        "crowd",
        f"{so_many} movers go different ways; {what}",
        f"{so_many} movers are in view; {what}",
        f"there are {so_many} movers; {what}",
    )


def _come_and_go(courses: Sequence[Course], most: int, phrasing: Phrasing) -> str:
    """Return what three or more movers do, not all of them at the same time."""
    way, count = main_way(courses)
    if way:
        ways = f"{'always' if count == len(courses) else 'mostly'} {_along(way)}"
    else:
        ways = f"mainly {largest(courses).start}"
    if most == 1:
        return phrasing.pick(
            "one at a time", f"movement comes and goes, {ways}", f"now and then something moves, {ways}"
        )
    # Not "at most": one may have hidden another.
    so_many = f"{many(most)} movers"
    return phrasing.pick(
        "at a time",
        f"movement comes and goes, {ways}, with {so_many} at once for a while",
        f"for a while there are {so_many} at once, {ways}",
    )
